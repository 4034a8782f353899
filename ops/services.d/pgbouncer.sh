# shellcheck shell=bash disable=SC2034,SC2154
# pgbouncer in transaction mode, in front of the PostgreSQL of the same set.
#
# Every database of that server is reached through it, so that tests can make their own. User
# `playhouse` may also give orders on its console (database `pgbouncer`): a failover needs them.

user=postgres
# Waits for PostgreSQL, which may be starting.
start_max=240

install() { :; }

# The primary, or the standby that has taken over.
primary_port() {
  if [ -e "$SERVICES/standby/promoted" ]; then port_of standby; else port_of postgres; fi
}

prepare() {
  make_certificate
  write_config users.txt <<END
"playhouse" "$(secret)"
"postgres" "$(secret)"
END
  write_config pgbouncer.ini <<END
[databases]
* = host=127.0.0.1 port=$(primary_port)
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $port
unix_socket_dir =
auth_type = scram-sha-256
auth_file = $home/users.txt
admin_users = playhouse
pool_mode = transaction
max_client_conn = 500
default_pool_size = 20
; A server that was gone is tried again after a second, not after fifteen.
server_login_retry = 1
server_tls_sslmode = disable
client_tls_sslmode = allow
client_tls_cert_file = $home/server.crt
client_tls_key_file = $home/server.key
; Some drivers send it with every connection.
ignore_startup_parameters = extra_float_digits
END
}

start() { launch "$home/server" "${run_as[@]}" /usr/sbin/pgbouncer "$home/pgbouncer.ini"; }

ready() { select_1; }

urls() {
  say "PGBOUNCER=postgres://playhouse:$(secret)@127.0.0.1:$port/playhouse"
  say "PGBOUNCER_CA=$home/ca.crt"
}
settings() { say "catalog = \"postgres://playhouse:$(secret)@127.0.0.1:$port/playhouse\""; }
