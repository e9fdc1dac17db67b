#!/usr/bin/env bash
# install.sh [--no-start] NAME: makes this machine, a Debian or Ubuntu, the site https://NAME, as root. May be run again: what the
# operator changed in /etc stays, programs and units become those beside this file. Without NAME where it is installed already.
# install.sh --restore BACKUP KEYS NAME: the same from the folder of a backup and the folder of its keys, where there is no site yet.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
refuse() { echo "install.sh: $*" >&2; exit 1; }
starts=yes backup='' keys=''
case "${1:-}" in
--no-start) starts=no; shift ;;
--restore)
    [ $# = 4 ] || refuse "--restore takes the folder of a backup, the folder of its keys, and the name of the site"
    backup=$(realpath "$2") keys=$(realpath "$3")
    for file in "$backup/SHA256SUMS" "$keys/scorer.key" "$keys/accounts.key"; do
        [ -e "$file" ] || refuse "$file is missing"
    done
    shift 3
    ;;
esac
name=${1:-}
refuses_name() { refuse "the name under which people reach the site is missing, such as holdout.example.org"; }

[ "$(id -u)" = 0 ] || refuse "run it as root"
[ -e /etc/holdout.env ] || [ -n "$name" ] || refuses_name
case "$name" in *[!a-zA-Z0-9.-]*) refuse "$name is no name of a host" ;; esac

# The programs: of the unpacked archive, or of a checkout in which they were built.
programs=$here/../../bin
[ -d "$programs" ] || programs=$here/../../target/release
[ ! -e "$here/../../SHA256SUMS" ] || (cd "$here/../.." && sha256sum --check --quiet SHA256SUMS)
for program in holdout holdout-scorer; do
    "$programs/$program" --version || refuse "$program does not run here. $(cat "$here/../../NEEDS" 2>/dev/null)"
done

# Holdout keeps a private PostgreSQL below /var/lib/holdout and needs the programs alone; without this file Debian starts
# another one beside it.
if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
    install -d /etc/postgresql-common
    echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
fi
has_postgres() { compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; }
missing=()
has_postgres || missing+=(postgresql)
command -v caddy >/dev/null || missing+=(caddy)
if [ ${#missing[@]} -gt 0 ]; then
    apt-get update -q
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
fi

getent passwd holdout >/dev/null || useradd --system --home-dir /var/lib/holdout --shell /usr/sbin/nologin holdout
install -d -o holdout -g holdout -m755 /var/lib/holdout
install -d -o holdout -g holdout -m700 /var/backups/holdout
install -m755 "$programs/holdout" "$programs/holdout-scorer" "$here/holdout-site" /usr/local/bin/
install -m644 "$here"/*.service "$here"/*.timer /etc/systemd/system/
systemctl daemon-reload

[ -e /etc/holdout.env ] || sed "s/holdout\.example\.org/$name/; s/@example\.org/@$name/" "$here/holdout.env" >/etc/holdout.env
caddyfile=/etc/caddy/Caddyfile
if ! grep -qs 127.0.0.1:8080 "$caddyfile" /etc/caddy/holdout.caddy; then
    [ -n "$name" ] || refuses_name
    # A file that somebody has edited is theirs.
    edited=$(dpkg --verify caddy || true)
    case "$edited" in *"$caddyfile"*) caddyfile=/etc/caddy/holdout.caddy ;; esac
    sed "s/holdout\.example\.org/$name/" "$here/Caddyfile" >"$caddyfile"
    [ "$caddyfile" = /etc/caddy/Caddyfile ] || echo "Your own /etc/caddy/Caddyfile stays. Add to it: import holdout.caddy"
fi

if [ -n "$backup" ]; then
    own=/var/backups/holdout/$(basename "$backup")
    [ -e "$own" ] || cp -a "$backup" "$own"
    chown -R holdout: "$own"
    holdout-site restore "$own"
    install -o holdout -g holdout -m600 "$keys/scorer.key" "$keys/accounts.key" /var/lib/holdout/keys/
    echo "Both keys are put back."
fi
if [ $starts = no ]; then
    echo "Installed, and not started."
    exit
fi
systemctl enable --quiet holdout holdout-backup.timer caddy
systemctl restart holdout
systemctl start holdout-backup.timer
systemctl restart caddy ||
    echo "Caddy does not start: journalctl -u caddy says why. Another program may have port 80 or 443."

answers() { (exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET /readyz HTTP/1.0\r\n\r\n' >&3 && grep -q '^HTTP/1.* 200' <&3) 2>/dev/null; }
give_up_at=$((SECONDS + 300))
until answers; do
    [ $SECONDS -lt $give_up_at ] || refuse "the site does not answer yet; journalctl -u holdout says why"
    sleep 1
done

# Caddy asks for the certificate only now.
url=$(. /etc/holdout.env; echo "$HOLDOUT_PUBLIC_URL")
echo "The site runs. Trying $url, for a minute at most."
is_reached() { said=$(holdout --server "$url" status 2>&1); }
give_up_at=$((SECONDS + 60))
until is_reached || [ $SECONDS -ge $give_up_at ]; do sleep 3; done
if is_reached; then
    echo "The site answers at $url."
else
    echo "$url cannot be reached from this machine yet: ${said##*$'\n'}"
    echo "Its name must lead here, and ports 80 and 443 be open. Caddy goes on asking for the certificate: journalctl -u caddy"
fi
holdout-site admin-link || true
