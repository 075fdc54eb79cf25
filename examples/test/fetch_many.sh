# What fetch_many shows of pages that nginx serves.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/server.sh"
needs nginx

# libcurl counts its users under a lock of atomics, which these do not know.
case " $* " in *--tool=helgrind* | *--tool=drd*) exit 77 ;; esac

mkdir "$work/www"
head -c 1000 /dev/zero >"$work/www/page"
head -c 100000 /dev/zero >"$work/www/never"

start_nginx() {
    cat >"$work/nginx.conf" <<END
daemon off;
master_process off;
pid $work/pid;
error_log stderr;
events { worker_connections 256; }
http {
    access_log off;
    client_body_temp_path $work/body;
    proxy_temp_path $work/proxy;
    fastcgi_temp_path $work/fastcgi;
    uwsgi_temp_path $work/uwsgi;
    scgi_temp_path $work/scgi;
    server {
        listen 127.0.0.1:$port;
        root $work/www;
        location /late { limit_rate 1000; }
        location /never { limit_rate 10; }
    }
}
END
    exec nginx -p "$work" -c "$work/nginx.conf" -e stderr
}
serve start_nginx
site=http://127.0.0.1:$port

# shows LINE…: these, in any order.
shows() {
    printf '%s\n' "$@" | sort >"$work/expected"
    sort "$work/out" | cmp -s - "$work/expected" || fail "expected: $*"
}

# shellcheck disable=SC2046
succeeds "$@" --at-once 10 $(awk -v url="$site/page?" 'BEGIN { for (i = 1; i <= 100; i++) print url i }')
[ "$(sort -u "$work/out" | grep -c '/page?[0-9]*: 1000 bytes$')" -eq 100 ] || fail "not a hundred pages"

# Each as it arrives.
soon_and_late() {
    late=$((1000 * seconds + 500))
    head -c $late /dev/zero >"$work/www/late"
    succeeds "$@" --at-once 3 "$site/late" "$site/late" "$site/page"
    shows "$site/late: $late bytes" "$site/late: $late bytes" "$site/page: 1000 bytes"
    sed -n 1p "$work/out" | grep -q /page || return 2
}
in_order soon_and_late "$@"

# No more at once than was said.
succeeds "$@" --at-once 2 "$site/late" "$site/late" "$site/page"
! sed -n 1p "$work/out" | grep -q /page || fail "three at once"

# One that is missing is nothing to the others, unless that was said.
succeeds "$@" --at-once 1 "$site/missing" http://127.0.0.1:1/ "$site/page"
shows "$site/missing: HTTP response code said error" "http://127.0.0.1:1/: Couldn't connect to server" \
    "$site/page: 1000 bytes"
run "$@" --at-once 2 --first-error "$site/never" "$site/missing" "$site/page"
complains 1 fetch_many
shows "$site/never: given up" "$site/missing: HTTP response code said error" "$site/page: not begun"

# Nor is one that never ends, if there is patience for each; it is if there is a deadline for all.
each_in_time() {
    succeeds "$@" --at-once 1 --patience "$seconds" "$site/never" "$site/page"
    ! grep -q '/page: Connection timed out' "$work/out" || return 2
    shows "$site/never: Connection timed out" "$site/page: 1000 bytes"
}
in_order each_in_time "$@"
all_in_time() {
    run "$@" --at-once 2 --deadline "$seconds" "$site/never" "$site/page" "$site/never"
    complains 1 fetch_many
    ! grep -qe '/page: given up' -e ': not begun' "$work/out" || return 2
    shows "$site/never: given up" "$site/page: 1000 bytes" "$site/never: given up"
}
in_order all_in_time "$@"
