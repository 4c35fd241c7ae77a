// SCIMTarget
