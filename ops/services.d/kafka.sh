# shellcheck shell=bash disable=SC2034,SC2154
# A broker that speaks Kafka's protocol (tansu), with its topics in memory: what is in them is gone
# when it ends. It makes no topic when one is written to: a node makes its own, and so do tests.

install() { need_server tansu 0.6.0 --no-default-features --features dynostore; }

prepare() { :; }

start() {
  launch "$home/server" "${surroundings[@]}" "$SERVER" broker \
    --cluster-id playhouse --storage-engine memory://tansu/ \
    --listener-url "tcp://127.0.0.1:$port" --advertised-listener-url "tcp://127.0.0.1:$port"
}

# ApiVersions, version 0, correlation id 7, no client id; the answer has the id and error 0.
ready() {
  local answer
  answer=$(ask "$port" '\x00\x00\x00\x0a\x00\x12\x00\x00\x00\x00\x00\x07\xff\xff' 10) &&
    [[ $answer =~ ^.{8}000000070000$ ]]
}

urls() { say "KAFKA=kafka://127.0.0.1:$port"; }
# It answers a request from the middle of a batch with the batch behind it.
settings() {
  say "events = \"kafka://127.0.0.1:$port\""
  say "kafka.reread = true"
}
