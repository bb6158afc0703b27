-- Sends the requests of the file $REQUESTS in turn (method, path, content type, authorization, body; separated by tabs) and says in one line what
-- became of them: requests, microseconds, p50, p99, and how many did not succeed.
local requests = {}
local turn = 0

function init()
  for line in io.lines(os.getenv("REQUESTS")) do
    local method, path, kind, authorization, body = line:match("^(.-)\t(.-)\t(.-)\t(.-)\t(.*)$")
    local headers = {}
    if kind ~= "" then headers["Content-Type"] = kind end
    if authorization ~= "" then headers["Authorization"] = authorization end
    requests[#requests + 1] = wrk.format(method, path, headers, body)
  end
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end

function done(summary, latency)
  local errors = summary.errors
  local refused = errors.status + errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format("%d %d %d %d %d\n", summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), refused))
end
