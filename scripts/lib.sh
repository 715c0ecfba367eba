# Sourced by the other scripts: finds or installs what they need.
# Nothing is installed that is already there; what is installed comes from
# Debian's or Ubuntu's own packages, the Go module proxy and the npm registry.

go_version=1.26.0   # the lowest that go.mod accepts
node_version=20.19  # the lowest that the page's build accepts
cache=${XDG_CACHE_HOME:-$HOME/.cache}/offing

say() { printf '%s\n' "$*" >&2; }
die() { say "$(basename "$0"): $*"; exit 1; }

# at_least HAVE WANT: is version HAVE not older than WANT?
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else die "cannot install as this user: run as root, install sudo, or install by hand: $*"
  fi
}

# packages NAME...: installs the Debian packages that are missing. Their
# services are not started: the demo and the tests run their own.
packages() {
  command -v apt-get >/dev/null ||
    die "these programs are missing and there is no apt-get to install them with; install by hand: $*"
  say "installing: $* (this can take a few minutes)"
  log=$(mktemp)
  policy=/usr/sbin/policy-rc.d
  [ -e $policy ] || { printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null; as_root chmod 755 $policy; made_policy=1; }
  status=0
  { [ -n "${apt_fresh:-}" ] || as_root apt-get -qq update >"$log" 2>&1; } &&
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends "$@" >"$log" 2>&1 || status=$?
  apt_fresh=1
  [ -z "${made_policy:-}" ] || { as_root rm -f $policy; made_policy=; }
  [ $status = 0 ] || { tail -n 20 "$log" >&2; die "apt-get could not install: $*"; }
  rm -f "$log"
}

# need COMMAND=PACKAGE...: installs the packages of the commands that are missing.
need() {
  missing=
  for pair; do
    PATH=$PATH:/usr/sbin:/sbin command -v "${pair%%=*}" >/dev/null || missing="$missing ${pair#*=}"
  done
  # shellcheck disable=SC2086 # a list of words
  [ -z "$missing" ] || packages $missing
}

# need_go: a Go that can build this module. An older one fetches the newer
# itself; one from before Go 1.21 cannot, but can fetch it as a module.
need_go() {
  [ -x /usr/local/go/bin/go ] && ! command -v go >/dev/null && PATH=$PATH:/usr/local/go/bin
  need go=golang-go
  export GOTOOLCHAIN=auto
  have=$(GOTOOLCHAIN=local go version | sed 's/^go version go\([0-9.]*\).*/\1/')
  at_least "$have" 1.21 && return
  say "fetching Go $go_version (this machine's is $have)"
  dir=$(cd / && go mod download -json "golang.org/toolchain@v0.0.1-go$go_version.linux-$(go env GOARCH)" |
    sed -n 's/^\t"Dir": "\(.*\)",\{0,1\}$/\1/p')
  [ -n "$dir" ] || die "could not fetch Go $go_version: install it from https://go.dev/dl and put it first in PATH"
  chmod -R u+w "$dir" && chmod -R u+x "$dir/bin" "$dir/pkg/tool"
  export GOTOOLCHAIN=local PATH="$dir/bin:$PATH"
}

# need_node: a Node that can build the page; where the distribution's is too
# old, a newer one from the npm registry, in our cache.
need_node() {
  need node=nodejs npm=npm
  PATH=$cache/node/node_modules/node/bin:$PATH
  at_least "$(node --version | tr -d v)" $node_version && return
  say "fetching a Node newer than $(node --version)"
  npm install --silent --no-audit --no-fund --prefix "$cache/node" node@22 >&2 || die "could not fetch Node: install version $node_version or newer"
  hash -r
  at_least "$(node --version | tr -d v)" $node_version || die "Node $(node --version) is too old: install $node_version or newer"
}

# need_ssh: an ssh that knows the post-quantum exchange (OpenSSH 9.9) and an
# ssh-audit that knows it too (3.3), first in the path. Debian 13 has both; for
# Debian 12 they are unpacked into our cache, and nothing is installed.
need_ssh() {
  need ssh=openssh-client ssh-audit=ssh-audit
  PATH=$cache/ssh/bin:$PATH
  ssh_is_new && return
  keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  grep -q '^VERSION_ID="12"' /etc/os-release && [ -e $keyring ] ||
    die "OpenSSH 9.9 and ssh-audit 3.3 or newer are needed (this is $(ssh -V 2>&1)): install them and put them first in PATH"
  say "fetching a newer OpenSSH and ssh-audit (this machine's is $(ssh -V 2>&1))"
  mkdir -p "$cache/ssh/lists/partial" "$cache/ssh/archives/partial" "$cache/ssh/bin"
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m 1 '/debian/$')
  for suite in bookworm-backports trixie; do
    echo "deb [signed-by=$keyring] $mirror $suite main"
  done >"$cache/ssh/sources.list"
  (
    cd "$cache/ssh"
    own="-qq -o Dir::State::lists=$cache/ssh/lists -o Dir::Cache=$cache/ssh -o Dir::Etc::sourcelist=$cache/ssh/sources.list
      -o Dir::Etc::sourceparts=/dev/null -o APT::Sandbox::User=$(id -un)"
    # shellcheck disable=SC2086 # a list of options
    apt-get $own update && apt-get $own download openssh-client/bookworm-backports ssh-audit/trixie
    for deb in ./*.deb; do dpkg-deb -x "$deb" . && rm "$deb"; done
    rm -rf lists
    ln -sf "$cache/ssh/usr/bin/ssh" bin/ssh
    printf '#!/bin/sh\nPYTHONPATH=%s exec python3 %s "$@"\n' "$cache/ssh/usr/lib/python3/dist-packages" "$cache/ssh/usr/bin/ssh-audit" >bin/ssh-audit
    chmod +x bin/ssh-audit
  ) >&2 || die "could not fetch OpenSSH from bookworm-backports: install OpenSSH 9.9 or newer and put it first in PATH"
  hash -r
  ssh_is_new || die "the fetched OpenSSH does not run here: install OpenSSH 9.9 or newer and put it first in PATH"
}

ssh_is_new() {
  ssh -Q kex 2>/dev/null | grep -q '^mlkem768x25519-sha256$' &&
    at_least "$(ssh-audit --help 2>&1 | sed -n 's/.*ssh-audit v\([0-9.]*\).*/\1/p' | head -n 1)" 3.3
}

# need_transmission_41: Debian 13's transmission-daemon, transmission-remote and
# web page beside Debian 12's own 3.00, because both are in use and the tests run
# against both. They are unpacked into our cache with the libraries that they need,
# and nothing is installed.
need_transmission_41() {
  own_version=$(PATH=$PATH:/usr/sbin:/sbin transmission-daemon --version 2>&1 | sed -n 's/^transmission-daemon \([0-9.]*\).*/\1/p')
  at_least "${own_version:-0}" 4 &&
    die "the tests need Transmission 3.00 beside 4.1, and this machine's is $own_version: run them on Debian 12, whose own is 3.00"
  [ -x "$cache/transmission-4.1/bin/transmission-daemon" ] && [ -x "$cache/transmission-4.1/bin/transmission-remote" ] &&
    [ -e "$cache/transmission-4.1/usr/share/transmission/public_html/index.html" ] && return
  keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  grep -q '^VERSION_ID="12"' /etc/os-release && [ -e $keyring ] ||
    die "the tests need Debian 13's transmission-daemon, fetched by Debian 12's apt: run them on Debian 12"
  say "fetching Transmission 4.1 (this machine's is $own_version)"
  mirror=$(apt-get indextargets --format '$(SITE) $(REPO_URI)' 'Created-By: Packages' | sed -n 's/^[^ ]* \(.*\/debian\/*\)$/\1/p' | head -n 1)
  part=$cache/transmission-4.1.part # takes its name only when it is whole
  rm -rf "$part"
  mkdir -p "$part/apt/lists/partial" "$part/apt/archives/partial" "$part/bin"
  echo "deb [signed-by=$keyring] $mirror trixie main" >"$part/apt/sources.list"
  (cd "$part" && unpack_transmission_41) >&2 ||
    die "could not fetch Transmission 4.1 from Debian 13 (trixie): see above, and run this again"
  rm -rf "$cache/transmission-4.1"
  mv "$part" "$cache/transmission-4.1"
}

# unpack_transmission_41: the fetching of need_transmission_41, in the present
# folder. Each step says what happens when it fails: "set -e" would not hold here.
unpack_transmission_41() {
  # With an empty list of what is installed apt fetches each library.
  own="-qq -y -o Dir::State=$PWD/apt -o Dir::State::status=/dev/null -o Dir::Cache=$PWD/apt
    -o Dir::Etc::sourcelist=$PWD/apt/sources.list -o Dir::Etc::sourceparts=/dev/null -o Dir::Etc::preferencesparts=/dev/null
    -o APT::Sandbox::User=$(id -un) -o Debug::NoLocking=1"
  # shellcheck disable=SC2086 # a list of options
  apt-get $own update || return 1
  # shellcheck disable=SC2086
  apt-get $own --no-install-recommends --download-only install transmission-daemon transmission-cli transmission-common >apt/log 2>&1 || { cat apt/log; return 1; }
  for deb in apt/archives/*.deb; do dpkg-deb -x "$deb" . || return 1; done
  rm -rf apt
  libraries=$(dirname "$(find usr/lib lib -name libc.so.6 2>/dev/null | head -n 1)")
  loader=$(find "$libraries" -maxdepth 1 -name 'ld-linux*' | head -n 1)
  [ -n "$loader" ] || return 1
  for program in transmission-daemon transmission-remote; do
    cat >bin/$program <<EOF
#!/bin/sh
root=\$(cd "\$(dirname "\$0")/.." && pwd)
exec "\$root/$loader" --library-path "\$root/$libraries" "\$root/usr/bin/$program" "\$@"
EOF
    chmod +x bin/$program && bin/$program --version || return 1
  done
  [ -e usr/share/transmission/public_html/index.html ]
}

# need_proxies: nginx and Caddy, behind which the tests put the controller. They
# are unpacked into our cache and not installed: that would start them.
need_proxies() {
  [ -x "$cache/proxies/usr/bin/caddy" ] && [ -x "$cache/proxies/usr/sbin/nginx" ] && return
  say "fetching nginx and Caddy"
  rm -rf "$cache/proxies"
  mkdir -p "$cache/proxies/lists/partial" "$cache/proxies/archives/partial"
  (
    # Lists of our own: the machine's may be old, or not there.
    cd "$cache/proxies" || exit 1
    own="-qq -o Dir::State::lists=$PWD/lists -o Dir::Cache=$PWD -o APT::Sandbox::User=$(id -un)"
    # shellcheck disable=SC2086 # a list of options
    apt-get $own update && apt-get $own download nginx caddy || exit 1
    for deb in ./*.deb; do dpkg-deb -x "$deb" . && rm "$deb" || exit 1; done
    rm -rf lists archives ./*.bin
    usr/sbin/nginx -v && usr/bin/caddy version
  ) >&2 || die "could not fetch nginx and Caddy: see above, and run this again"
}
