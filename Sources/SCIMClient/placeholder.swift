// SCIMClient
