/* scim URL COUNT WIDTH: what the same requests cost with libcurl's multi interface and nothing else.
 *
 * Makes COUNT users at URL, WIDTH at once on as many connections, and reads each. One thread; the
 * bodies are printed into a buffer, and of an answer only the id is looked for. Checks that each
 * status is a success. The bearer token is in the environment as `token`. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { MOST = 64, ANSWER = 1 << 16, ID = 64 };

static struct transfer {
  CURL *easy;
  int number;
  size_t length;
  char answer[ANSWER], body[512], url[512];
} transfers[MOST];

static char (*ids)[ID];

static size_t receive(char *bytes, size_t size, size_t count, void *context) {
  struct transfer *transfer = context;
  if (transfer->length + size * count >= ANSWER) return 0;
  memcpy(transfer->answer + transfer->length, bytes, size * count);
  transfer->length += size * count;
  return size * count;
}

static void fail(const char *words, const char *detail) {
  fprintf(stderr, "%s: %s\n", words, detail);
  exit(70);
}

static void start(CURLM *multi, struct transfer *transfer, const char *url, int number, int reads) {
  transfer->number = number;
  transfer->length = 0;
  if (reads) {
    snprintf(transfer->url, sizeof transfer->url, "%s/Users/%s", url, ids[number]);
    curl_easy_setopt(transfer->easy, CURLOPT_HTTPGET, 1L);
  } else {
    snprintf(transfer->url, sizeof transfer->url, "%s/Users", url);
    snprintf(transfer->body, sizeof transfer->body,
        "{\"active\":true,\"displayName\":\"Guest %d\",\"emails\":[{\"primary\":true,\"type\":\"work\","
        "\"value\":\"c%d@example.org\"}],\"externalId\":\"c%d\",\"schemas\":"
        "[\"urn:ietf:params:scim:schemas:core:2.0:User\"],\"userName\":\"c%d@example.org\"}",
        number, number, number, number);
    curl_easy_setopt(transfer->easy, CURLOPT_POSTFIELDS, transfer->body);
  }
  curl_easy_setopt(transfer->easy, CURLOPT_URL, transfer->url);
  curl_multi_add_handle(multi, transfer->easy);
}

static void finish(struct transfer *transfer, CURLcode result, int reads) {
  long status = 0;
  curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
  transfer->answer[transfer->length] = 0;
  if (result != CURLE_OK) fail("no answer", curl_easy_strerror(result));
  if (status != (reads ? 200 : 201)) fail("refused", transfer->answer);
  if (reads) return;
  char *id = strstr(transfer->answer, "\"id\"");
  if (!id || sscanf(id + 4, " : \"%63[^\"]", ids[transfer->number]) != 1)
    fail("no id", transfer->answer);
}

static double processor_time(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec
      + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void run(const char *name, CURLM *multi, const char *url, int count, int width, int reads) {
  struct timespec begin, end;
  clock_gettime(CLOCK_MONOTONIC, &begin);
  double before = processor_time();
  int next = 0, done = 0, running, left;
  for (; next < width && next < count; next++) start(multi, &transfers[next], url, next, reads);
  while (done < count) {
    curl_multi_perform(multi, &running);
    CURLMsg *message;
    while ((message = curl_multi_info_read(multi, &left))) {
      struct transfer *transfer;
      CURLcode result = message->data.result;
      CURL *easy = message->easy_handle;
      curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);
      curl_multi_remove_handle(multi, easy);
      finish(transfer, result, reads);
      done++;
      if (next < count) start(multi, transfer, url, next++, reads);
    }
    if (done < count) curl_multi_poll(multi, NULL, 0, 1000, NULL);
  }
  double used = processor_time() - before;
  clock_gettime(CLOCK_MONOTONIC, &end);
  double wall = (end.tv_sec - begin.tv_sec) + (end.tv_nsec - begin.tv_nsec) / 1e9;
  printf("%s: %d requests in %f seconds, %.0f µs of processor time for each\n", name, count, wall,
      used / count * 1e6);
}

int main(int argc, char **argv) {
  int count = argc == 4 ? atoi(argv[2]) : 0, width = argc == 4 ? atoi(argv[3]) : 0;
  const char *token = getenv("token");
  if (count < 1 || width < 1 || width > MOST || !token) fail("usage", "scim URL COUNT WIDTH");
  ids = calloc(count, ID);
  curl_global_init(CURL_GLOBAL_DEFAULT);
  CURLM *multi = curl_multi_init();
  curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)width);
  char authorization[512];
  snprintf(authorization, sizeof authorization, "Authorization: Bearer %s", token);
  struct curl_slist *fields = curl_slist_append(NULL, authorization);
  fields = curl_slist_append(fields, "Content-Type: application/scim+json");
  fields = curl_slist_append(fields, "Accept: application/scim+json, application/json;q=0.9");
  for (int place = 0; place < width; place++) {
    CURL *easy = transfers[place].easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_PRIVATE, &transfers[place]);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, fields);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfers[place]);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  }
  run("create", multi, argv[1], count, width, 0);
  run("read", multi, argv[1], count, width, 1);
  for (int place = 0; place < width; place++) curl_easy_cleanup(transfers[place].easy);
  curl_multi_cleanup(multi);
  return 0;
}
