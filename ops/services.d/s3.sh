# shellcheck shell=bash disable=SC2034,SC2154
# An S3 server over a folder (s3s-fs), path style. Its buckets are made beforehand.

# It finishes what it answers on Ctrl-C only.
stop_signal=INT
empty_sha256=$(printf '' | sha256sum | cut -d' ' -f1)
buckets=(hot cold staging residency)

install() { need_server s3s-fs 0.14.1 --features binary; }

prepare() {
  local bucket
  for bucket in "${buckets[@]}"; do mkdir -p "$data/$bucket"; done
}

start() {
  launch "$home/server" "${surroundings[@]}" RUST_LOG=warn \
    "$SERVER" --host 127.0.0.1 --port "$port" --access-key playhouse \
    --secret-key "$(secret)" "$data"
}

# A signed question, which it answers with its buckets.
ready() {
  local answer bucket
  answer=$(curl -sS --max-time "$ask_max" --config - <<END 2>&1
url = "http://127.0.0.1:$port/"
user = "playhouse:$(secret)"
header = "x-amz-content-sha256: $empty_sha256"
aws-sigv4 = "aws:amz:us-east-1:s3"
END
  ) || return
  for bucket in "${buckets[@]}"; do
    [[ $answer == *"<Name>$bucket</Name>"* ]] || return
  done
}

urls() {
  say "S3=s3://playhouse:$(secret)@127.0.0.1:$port?path_style=true&region=us-east-1"
  say "S3_BUCKETS=${buckets[*]}"
}
settings() {
  say "blobs = \"s3://hot\""
  say "s3.endpoint = \"http://127.0.0.1:$port\""
  say "s3.access_key = \"playhouse\""
  say "s3.secret_key = \"$(secret)\""
  say "s3.staging_bucket = \"staging\""
  say "s3.residency_ng_bucket = \"residency\""
}
