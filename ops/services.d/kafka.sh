# shellcheck shell=bash disable=SC2034,SC2154
# A broker that speaks Kafka's protocol (tansu), with its topics in memory: what is in them is gone
# when it ends.
#
# It makes no topic when one is written to, so those of the platform are made at every start; tests
# make their own.

topics=(media.upload.initiated media.upload.completed media.upload.blocked
  media.copyright.cleared media.transcoding.completed media.drm.packaged media.published
  user.events playback.events billing.events content.events)
partitions=6

install() { need_server tansu 0.6.0 --no-default-features --features dynostore; }

prepare() { :; }

start() {
  launch "$home/server" "${surroundings[@]}" "$SERVER" broker \
    --cluster-id playhouse --storage-engine memory://tansu/ \
    --listener-url "tcp://127.0.0.1:$port" --advertised-listener-url "tcp://127.0.0.1:$port"
}

finish() {
  local topic
  for topic in "${topics[@]}"; do
    timeout "$ask_max" "${surroundings[@]}" "$SERVER" topic create --partitions "$partitions" \
      --broker "tcp://127.0.0.1:$port" "$topic" >"$home/topic.log" 2>&1 ||
      { halt_all; fail "topic $topic could not be made: $(tail -n 1 "$home/topic.log")"; }
  done
}

# ApiVersions, version 0, correlation id 7, no client id; the answer has the id and error 0.
ready() {
  local answer
  answer=$(ask "$port" '\x00\x00\x00\x0a\x00\x12\x00\x00\x00\x00\x00\x07\xff\xff' 10) &&
    [[ $answer =~ ^.{8}000000070000$ ]]
}

urls() { say "KAFKA=kafka://127.0.0.1:$port"; }
# No server of ours uses it yet.
settings() { :; }
