import AccessModel
import AssignmentSources
import FoundationEssentials
import Glibc
import GraphClient
import HTTPTransport
import OAuth
import Secrets

// graph-benchmark URL: one reading of all assignments of the Graph at URL, and what it cost.

let url = try HTTPURL(parsing: CommandLine.arguments[1])
let cloud = GraphCloud(login: url, graph: url)
let transport = CurlTransport()
var settings = GraphSource.Settings()
settings.users = GraphSource.Settings.Users(rawValue: CommandLine.arguments[2]) ?? .none
let tokens = TokenCache(
  TokenEndpoint(
    ClientCredentials(
      tokenURL: cloud.tokenURL(tenant: "contoso"), clientID: "bellhop",
      proof: .form(Secret(Array("open sesame".utf8))), scope: cloud.scope),
    transport: transport))
let source = GraphSource(
  id: SourceID("entra"),
  service: GraphService(cloud: cloud, tokens: tokens, transport: transport), settings: settings)
let start = ContinuousClock.now
let reading = try await source.read(
  RunContext(run: RunID("bench"), now: Instant(microseconds: 1_790_000_000_000_000)))
let wall = ContinuousClock.now - start
var usage = rusage()
getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
let processor =
  Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
  + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1_000_000
print(
  """
  \(reading.assignments.count) assignments of \(reading.subjects.count) subjects, \
  \(reading.coverage): \(wall) of wall time, \(processor) s of processor time, \
  \(usage.ru_maxrss / 1024) MiB at the peak
  """)
for remark in reading.remarks { print(remark) }
