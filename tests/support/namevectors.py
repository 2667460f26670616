"""More vectors of rules than their pages show: a text for each name that a rule knows, and for what it leaves alone.

`support.rulevectors` records what each reports, beside the `bad` vectors of its page. A name that a rule learns gets
its place here: a record that does not change shows that nothing notices it.
"""

from __future__ import annotations

from typing import Final

from support.ordervectors import ORDERS
from support.rulenames import (
    APK_VALUED,
    APT_VALUED,
    CAPABILITIES,
    CARGO_VALUED,
    CHECKS,
    CODE_NAMES,
    CREDENTIAL_FILES,
    CREDENTIALS,
    DEVICES,
    FAILING,
    FETCH,
    FILE_CAPABILITIES,
    GEM_VALUED,
    HARMLESS_FILES,
    HARMLESS_SYSCTLS,
    HOST_PATHS,
    KEPT_FILES,
    LOGIN_PACKAGES,
    LOGIN_PROGRAMS,
    MODES,
    MONITORS,
    NEEDING,
    NO_PASSWORD_NO,
    NO_PASSWORD_YES,
    NPM_VALUED,
    PIP_VALUED,
    PORTS,
    PREFIXES,
    REGISTRIES,
    REGISTRY_PROGRAMS,
    REGISTRY_VARIABLES,
    REMOTE,
    SEARCHED,
    STARTED_PACKAGES,
    SYSCTLS,
    TLS_COMMANDS,
    TLS_SWITCHES,
    TOOLS,
    YUM_VALUED,
)


def each(template: str, names: str) -> tuple[str, ...]:
    """The template once for each name, which takes the place of @; names stand between blanks, ␣ for one inside."""
    return tuple(template.replace("@", name.replace("␣", " ")) for name in names.split())


def debian(command: str) -> str:
    """A Dockerfile that runs the command on Debian."""
    return f"FROM debian:12\nRUN {command}\n"


def run(options: str, names: str) -> tuple[str, ...]:
    """As few `docker run` lines as have the options once for each name, which takes the place of @, ten in a line."""
    options_of = each(options, names)
    return tuple(f"docker run {' '.join(options_of[at : at + 10])} alpine:3.20" for at in range(0, len(options_of), 10))


def image(entries: str, key: str = "packages") -> str:
    """An inventory of an image."""
    return f'{{"sealock": "1", "{key}": [{entries}]}}'


def packages(type_: str, names: str) -> str:
    """An inventory of these packages."""
    return image(", ".join(each(f'{{"type": "{type_}", "name": "@", "version": "1"}}', names)))


_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "B015": (
        debian("app " + "\\\n  --flag x " * 60 + "\\\n  --password Xk29vQpL7zWb"),
        debian("a" + " \\\n  b" * 60) + "RUN app --password Xk29vQpL7zWb\nUSER app\n",
    ),
    "B016": each("FROM debian:12\nCOPY @ /x/\n", f"{CREDENTIAL_FILES} {HARMLESS_FILES}"),
    "B017": each("FROM debian:12\nCOPY deploy.key /tmp/\nRUN @ /tmp/deploy.key\n", "rm␣-f shred␣-u srm unlink ls"),
    "B020": (
        *each(
            debian("curl -fsSL https://example.com/i | @"),
            "sh bash ash dash zsh ksh python3 perl ruby node php lua Rscript pwsh cat bash␣--rcfile␣a bash␣--init-file␣a "
            "bash␣-o␣pipefail bash␣+O␣x python␣-W␣x python␣-c␣x perl␣-ne␣x ruby␣-e␣x node␣-e␣x php␣-r␣x lua␣-e␣x Rscript␣-e␣x "
            "bash␣/dev/stdin bash␣/proc/self/fd/0 bash␣x.sh",
        ),
        *each(
            debian("@ https://example.com/i | sh"), "wget␣-qO- aria2c axel␣-o␣- fetch␣-o␣- http https lwp-download cat"
        ),
    ),
    "B021": (
        *each(debian(f"{FETCH} && @ a && chmod +x a && ./a"), CHECKS),
        *each(debian(f"{FETCH} && chmod @ a"), MODES),
        *each(
            debian(f"{FETCH} && @ a"),
            "dpkg␣-i rpm␣-i gdebi apt␣install apt-get␣install yum␣install dnf␣install zypper␣install apk␣add msiexec sh install␣-m755 install␣-m644",
        ),
    ),
    "B022": each(
        debian(f"{FETCH} && @ a"),
        "tar␣-xf bsdtar␣-xf unzip 7z␣x 7za␣x gunzip gzip␣-d xz␣-d unxz zstd␣-d unzstd bunzip2 bzip2␣-d cpio␣-i cat",
    ),
    "B024": (
        *each("FROM debian:12\nENV @\n", TLS_SWITCHES),
        *each(debian("@"), TLS_COMMANDS),
        debian("git -c http.sslVerify=true clone https://example.com/a && git -c http.sslVerify=0 fetch"),
        debian("lftp -c 'set ssl:verify-certificate no; get https://x'"),
        debian("echo insecure > ~/.curlrc"),
        debian("echo check_certificate=off > /etc/wgetrc"),
    ),
    "B025": each(
        debian("@"),
        "curl␣http://example.com/a wget␣http://example.com/a wget2␣http://example.com/a aria2c␣http://example.com/a axel␣http://example.com/a fetch␣http://example.com/a http␣http://example.com/a git␣clone␣http://example.com/a svn␣co␣http://example.com/a curl␣http://localhost/a curl␣http://127.0.0.1/a curl␣http://0.0.0.0/a curl␣http://[::1]/a curl␣http://host.docker.internal/a curl␣http://169.254.169.254/a curl␣http://a.local/a curl␣http://a.internal/a curl␣http://a.test/a echo␣http://example.com/a",
    ),
    "B030": (
        *each(
            debian("apt-get install -y @ curl"),
            "--allow-unauthenticated --force-yes --allow-insecure-repositories --allow-releaseinfo-change-insecure -o␣APT::Get::AllowUnauthenticated=true --option␣Acquire::AllowInsecureRepositories=1 -oAcquire::https::Verify-Peer=false --option=Acquire::https::Verify-Host=no -o␣Acquire::AllowWeakRepositories=yes -o␣Acquire::AllowDowngradeToInsecureRepositories=on -o␣APT::Get::AllowUnauthenticated=false",
        ),
        *each(
            debian("dnf install -y @ curl"),
            "--nogpgcheck --nogpgchecks --no-gpgchecks --no-gpgcheck --no-gpg-check --no-gpg-checks --allow-unsigned-rpm --gpgcheck-allow-unsigned --gpgcheck-allow-unsigned-package --gpgcheck-allow-unsigned-repo --noverifyssl --setopt␣gpgcheck=0 --setopt=sslverify=false --setopt=*.gpgcheck=no --setopt=gpgcheck=1",
        ),
        *each(debian("rpm -i @ a.rpm"), "--nosignature --nodigest --nofiledigest --noverify --test"),
        *each(
            debian("@ curl"),
            "apt␣install␣--allow-unauthenticated aptitude␣install␣--allow-unauthenticated yum␣install␣--nogpgcheck dnf5␣install␣--nogpgcheck microdnf␣install␣--nogpgcheck tdnf␣install␣--nogpgcheck zypper␣install␣--no-gpg-checks yum-config-manager␣--nogpgcheck dnf-3␣install␣--nogpgcheck apk␣add␣--allow-untrusted",
        ),
    ),
    "B039": each(
        debian("echo root:$(@) | chpasswd"),
        "pwgen apg uuidgen mcookie openssl␣rand␣-hex␣8 cat␣/dev/urandom cat␣/dev/random date",
    ),
    "B043": each(
        debian("setcap @=ep /x"),
        "cap_net_bind_service cap_net_raw cap_ipc_lock cap_sys_nice cap_wake_alarm cap_net_admin cap_sys_admin",
    ),
    "B047": (
        debian(f"apt-get install -y {REMOTE} curl"),
        *each(
            debian("@ nmap"),
            "apt-get␣install apt␣install aptitude␣install apk␣add yum␣install dnf␣install dnf5␣install microdnf␣install tdnf␣install zypper␣in pacman␣-S apt-get␣remove",
        ),
    ),
    "B048": each(
        "FROM golang:1.23 AS b\nRUN @=-static go build -o /a\nFROM alpine:3.20\nCOPY --from=b /a /a\n",
        "CGO_ENABLED LDFLAGS CFLAGS CXXFLAGS CGO_LDFLAGS GOFLAGS GO_LDFLAGS BUILD_LDFLAGS EXTRA_LDFLAGS GO_BUILD_FLAGS RUSTFLAGS CARGO_BUILD_TARGET OTHER",
    ),
    "B050": (
        *each("FROM debian:12\nENV @=http://mirror.example.com/\n", REGISTRY_VARIABLES),
        *each(debian("@ x http://mirror.example.com/"), REGISTRY_PROGRAMS),
        *each(
            debian("pip install -i @ x"),
            "http://localhost/ http://127.0.0.1/ http://[::1]/ http://host.docker.internal/ https://x.example/",
        ),
    ),
    "B062": each("FROM debian:@\n", CODE_NAMES),
    "B103": each(
        debian("@"),
        "apt-get␣upgrade apt-get␣dist-upgrade apt-get␣full-upgrade apt␣upgrade apt␣dist-upgrade apt␣full-upgrade aptitude␣safe-upgrade aptitude␣full-upgrade aptitude␣upgrade aptitude␣dist-upgrade apk␣upgrade yum␣update yum␣upgrade yum␣distro-sync dnf␣update dnf␣upgrade dnf␣distro-sync microdnf␣update microdnf␣upgrade tdnf␣update tdnf␣upgrade tdnf␣distro-sync zypper␣update zypper␣up zypper␣dist-upgrade zypper␣dup apt-get␣update",
    ),
    "B104": (
        *each(debian("apt-get install -y @ curl"), APT_VALUED),
        *each(debian("yum install -y @ curl"), YUM_VALUED),
        *each(debian("apk add @ curl"), APK_VALUED),
        *each(
            debian("@ curl"),
            "aptitude␣install tdnf␣install dnf5␣install microdnf␣install apt-get␣reinstall yum␣reinstall dnf␣groupinstall yum␣localinstall zypper␣install zypper␣in apt␣install",
        ),
    ),
    "B105": (
        *each(
            debian("@"),
            "npm␣i␣-g␣https://x.example/a npm␣i␣-g␣a@1 npm␣i␣-g␣a gem␣install␣https://x.example/a gem␣install␣a:1",
        ),
        *each(
            debian("pip install @"),
            "flask flask==1 flask>=1 flask~=1 flask===1 flask[x] ./a a/b a.whl https://x.example/a.zip git+https://x.example/a . $A -r␣a",
        ),
        *each(debian("pip install @ flask"), PIP_VALUED),
        *each(debian("npm install -g @ left-pad"), NPM_VALUED),
        *each(debian("gem install @ rake"), GEM_VALUED),
        *each(debian("cargo install @ bat"), CARGO_VALUED),
    ),
    "B110": (
        *each(
            debian("@"),
            "apt-get␣update apt␣update aptitude␣update apk␣add␣x apk␣update yum␣install␣x dnf␣install␣x dnf5␣install␣x microdnf␣install␣x tdnf␣install␣x dnf␣makecache dnf␣localinstall␣x dnf␣builddep␣x dnf␣groupinstall␣x dnf␣reinstall␣x dnf␣upgrade zypper␣in␣x zypper␣refresh zypper␣ref zypper␣patch zypper␣dup zypper␣up pacman␣-S␣x pip␣install␣x npm␣install␣x npm␣ci npm␣i␣x yarn␣install yarn␣add␣x yarn yarn␣global␣add␣x conda␣install␣x conda␣create␣x mamba␣install␣x micromamba␣install␣x composer␣install composer␣update composer␣require␣x conda␣env␣update␣x npm␣--version composer␣--help",
        ),
        *each(
            debian("apt-get update && @"),
            "rm␣-rf␣/var/lib/apt/lists/* rm␣-rf␣/var/lib/apt apt-get␣dist-clean apt-get␣distclean apt-get␣clean",
        ),
        *each(
            debian("dnf install -y x && @"),
            "dnf␣clean␣all rm␣-rf␣/var/cache/dnf rm␣-rf␣/var/cache/yum rm␣-rf␣/var/cache/libdnf5 rm␣-rf␣/var/cache/tdnf ls",
        ),
        *each(
            debian("yarn install && @"),
            "yarn␣cache␣clean rm␣-rf␣~/.cache/yarn rm␣-rf␣/usr/local/share/.cache/yarn rm␣-rf␣/usr/local/share/.cache rm␣-rf␣~/.yarn/berry/cache ls",
        ),
        *each(
            debian("composer install && @"),
            "composer␣clear-cache composer␣clearcache rm␣-rf␣~/.composer/cache rm␣-rf␣~/.cache/composer",
        ),
        *each(debian("conda install -y x && @"), "conda␣clean␣-afy rm␣-rf␣/opt/conda/pkgs rm␣-rf␣~/.conda/pkgs"),
        *each(debian("zypper in -y x && @"), "zypper␣clean zypper␣cc rm␣-rf␣/var/cache/zypp"),
        *each(debian("apk add x && @"), "rm␣-rf␣/var/cache/apk rm␣-rf␣/etc/apk/cache rm␣-rf␣/var/cache/apk/*"),
        *each(debian("pacman -S --noconfirm x && @"), "rm␣-rf␣/var/cache/pacman/pkg/* rm␣-rf␣/var/cache/pacman"),
        *each(debian("pip install x && @"), "rm␣-rf␣~/.cache/pip rm␣-rf␣~/.cache pip␣cache␣purge"),
        *each(debian("npm ci && @"), "npm␣cache␣clean␣--force rm␣-rf␣~/.npm rm␣-rf␣~/.npm/_cacache"),
    ),
    "B115": (
        *each(
            debian("apt-get @ curl"),
            "install upgrade dist-upgrade full-upgrade remove purge autoremove build-dep reinstall update install␣-y install␣--yes install␣--assume-yes install␣-qq install␣--force-yes install␣--dry-run install␣-s install␣--download-only install␣-d install␣--print-uris",
        ),
        *each(
            debian("dnf @ curl"),
            "install update upgrade remove erase autoremove reinstall groupinstall localinstall distro-sync builddep swap group␣install search install␣-y install␣--assumeyes install␣--assumeno",
        ),
        *each(
            debian("zypper @ curl"),
            "install in update up remove rm dist-upgrade dup patch search install␣-n install␣--non-interactive install␣-y install␣--no-confirm",
        ),
        *each(
            debian("@ x"),
            "aptitude␣install tdnf␣install microdnf␣install yum␣install dnf5␣install pacman␣-S pacman␣--noconfirm␣-S conda␣install conda␣create␣-n conda␣update conda␣remove conda␣install␣-y conda␣install␣-q mamba␣install␣--dry-run mamba␣install conda␣install␣--yes",
        ),
    ),
    "B117": each(
        debian("apt @ curl"),
        "install␣-y update upgrade␣-y remove␣-y purge␣-y autoremove autopurge clean autoclean source build-dep download changelog satisfy reinstall search show policy depends rdepends showsrc list",
    ),
    "B139": each(
        debian("@ | tee /x"), "echo␣a printf␣a yes true : pwd whoami id uname date env curl␣https://example.com/x make"
    ),
    "B140": each("FROM debian:12\nMAINTAINER @\n", "Jo␣Doe 'Jo␣Doe' \"Jo␣Doe\" jo.example Jo␣$D"),
    "B150": ('FROM debian:12\nENV A "x y"\nENV B \'x y\'\nENV C "x"y\nENV D x"y"\n',),
    "B158": each(
        "FROM debian:12\nCOPY a@ /tmp/\nRUN tar -xf /tmp/a@ -C /opt\n",
        ".tar .tar.gz .tgz .tar.bz2 .tbz2 .tar.xz .txz .tar.zst .tar.lzma .zip",
    ),
    "B181": (
        *each(
            "FROM debian:12\nARG B\n@\nRUN rm -r $B/\n",
            'ENV␣B= ENV␣B="" ENV␣B=/x ARG␣B ARG␣B= ARG␣B="" ARG␣B=/x ENV␣B␣/x ENV␣C=/x',
        ),
        *each("ARG B=@\nFROM debian:12\nARG B\nRUN rm -r $B/\n", "/x \"\" ''"),
        "ARG B\nFROM debian:12\nARG B\nRUN rm -r $B/\n",
        "ARG B=/x\nFROM debian:12\nRUN rm -r $B/\n",
        *each("FROM debian:12\nENV W=/w\nRUN rm -r @ $B/\n", "/x 'x' $HOME/x $W/ ${A}/ $A $A/x \"$A/\" /x␣$HOME/y␣$A/"),
    ),
    "B183": each(debian("@ x; echo done"), FAILING),
    "B186": (
        *each(
            debian("@ x"), "source [[␣-f␣a␣]]␣&& shopt␣-s declare␣a= typeset␣a= pushd popd mapfile readarray let␣a= ."
        ),
        *each(debian("make @ log"), "&> &>> <<< >"),
    ),
    "B187": each(
        debian("echo export A=1 >> @"),
        "/root/.bashrc ~/.bash_profile /root/.profile /etc/profile /etc/bash.bashrc /etc/environment ~/.zshrc /etc/motd",
    ),
    "B189": (
        *each(
            debian("curl @ -o a https://example.com/a"),
            "-f --fail --fail-with-body --fail-early -w␣x --write-out␣x -I --head -K␣x --config␣x -V -s",
        ),
        *each(
            debian("curl -o a https://example.com/a && @ a"),
            "sha256sum␣-c sha512sum␣-c sha1sum␣-c sha384sum␣-c md5sum␣-c b2sum␣-c shasum␣-c gpg␣--verify gpgv cosign␣verify ls",
        ),
    ),
    "B135": each(
        "FROM debian:12\nWORKDIR @\n",
        "/bin /boot /boot/x /dev /dev/x /etc /etc/x /lib /lib32 /lib64 /proc/x /run /sbin /sys/x /usr /usr/bin /usr/lib /usr/lib64 /usr/sbin /var/run /root/.ssh /srv/x",
    ),
    "C002": (*run("--cap-add @", "ALL SYS_ADMIN SYS_MODULE SYS_RAWIO DAC_READ_SEARCH CHOWN"),),
    "C003": (
        *run("--cap-add @", f"{CAPABILITIES} CHOWN"),
        "docker run --cap-add SYS_BOOT --cap-drop SYS_BOOT --cap-add SYS_TIME alpine\n",
    ),
    "C004": each("services:\n  app:\n    image: @:1\n    restart: no\n", NEEDING),
    "C005": (
        "docker run --privileged --network host alpine",
        "docker run --cap-add ALL --network host alpine",
        "docker run --network host --cap-drop ALL alpine",
        "docker run alpine",
    ),
    "C006": each("services:\n  app:\n    image: @:1\n", NEEDING),
    "C011": each(
        "docker run -v @:/s alpine",
        "/run/docker.sock /x/docker.raw.sock /run/containerd/containerd.sock /run/podman/podman.sock /run/crio/crio.sock /run/cri-dockerd.sock /run/dockershim.sock /run/buildkit/buildkitd.sock //./pipe/docker_engine //./pipe/docker_engine_linux /run/x.sock",
    ),
    "C012": (
        *run(
            "-v @:/r",
            "/run /run/docker /run/containerd /run/podman /run/crio /run/buildkit /run/k3s /run/k3s/containerd /run/systemd /run/user /run/user/1000 /run/x /run/dbus/system_bus_socket /run/dbus /run/systemd/private /var/lib/lxd/unix.socket /var/snap/lxd/common/lxd/unix.socket /var/lib/incus/unix.socket",
        ),
    ),
    "C013": run("-e DOCKER_HOST=tcp://@:2375", "localhost 127.0.0.1 [::1] proxy db 10.0.0.5"),
    "C014": (*run("-v @:/m", HOST_PATHS),),
    "C015": (
        *run("-v @:/m:ro", HOST_PATHS),
        *each("services:\n  app:\n    image: @:1\n    volumes: ['/:/host:ro', '/proc:/p:ro']\n", MONITORS),
    ),
    "B134": each("FROM debian:12\nARG APP=app\nWORKDIR @\n", "app ./app ../app $APP ./$APP app/$APP ${APP}/x"),
    "C016": (
        *run("-v /root/@:/m", CREDENTIALS),
        *run(
            "-v @:/m",
            "${HOME}/.ssh $HOME/.ssh $(HOME)/.ssh $$HOME/.ssh %USERPROFILE%/.ssh ${USERPROFILE}/.ssh ~/.ssh /home/x/.ssh /Users/x/.ssh /srv/x/.ssh /srv/x/.aws /srv/x/.azure /srv/x/.kube /srv/x/.gnupg /srv/x/.password-store /srv/x/.config/gcloud /srv/x/.docker /home/x ~ /x/SSH_AUTH_SOCK /x/ssh-auth.sock /x/ssh-agent.sock /x/ssh-agent",
        ),
    ),
    "C025": (*run("--device /dev/@", DEVICES), "docker run --device /dev alpine", "docker run --device /opt/x alpine"),
    "C036": (
        *each("docker run alpine @", LOGIN_PROGRAMS),
        *each("docker run alpine @ sshd", "exec env sudo dumb-init tini echo"),
        packages("deb", LOGIN_PACKAGES),
    ),
    "C040": each("services:\n  app:\n    image: @:1\n", NEEDING),
    "C046": (
        *each(
            'FROM debian:12\nUSER root\nENTRYPOINT ["@"]\n',
            "/init docker-entrypoint.sh /docker-entrypoint.sh /entrypoint.sh /usr/local/bin/docker-entrypoint.sh /app",
        ),
        *each("services:\n  app:\n    image: acme/app:1\n    user: root\n    command: @ /app\n", PREFIXES),
    ),
    "C047": (*run("--group-add @", "docker disk shadow kmem lxd incus-admin libvirt sudo wheel root audio"),),
    "C050": (*run("--sysctl @", f"{SYSCTLS} {HARMLESS_SYSCTLS}"),),
    "C057": each(
        "docker run --runtime @ alpine",
        "runc crun youki runsc kata sysbox sysbox-runc io.containerd.runc.v2 io.containerd.runsc.v1 io.containerd.kata.v2 nvidia",
    ),
    "C060": (
        *run(
            "-p @",
            "80:80 443:443 443:443/udp 25:25 465:465 587:587 993:993 500:500/udp 4500:4500/udp 1194:1194/udp 51820:51820/udp 8080:80 127.0.0.1:81:80",
        ),
    ),
    "C061": (*run("-p @:@", PORTS),),
    "C068": (*run("-e @", SEARCHED),),
    "C069": (
        *run(
            "-e @",
            "NODE_TLS_REJECT_UNAUTHORIZED=0 PYTHONHTTPSVERIFY=0 GIT_SSL_NO_VERIFY=1 NPM_CONFIG_STRICT_SSL=false YARN_STRICT_SSL=no PGSSLMODE=disable VAULT_SKIP_VERIFY=true CONSUL_HTTP_SSL_VERIFY=off DOCKER_TLS_VERIFY=0 AWS_NO_VERIFY_SSL=yes CURL_INSECURE=on SSL_VERIFY=none VERIFY_SSL=none KUBECTL_INSECURE_SKIP_TLS_VERIFY=1 PGSSLMODE=allow PGSSLMODE=prefer PGSSLMODE=require SSL_VERIFY=1 DOCKER_TLS_VERIFY=no DOCKER_TLS_VERIFY=1",
        ),
    ),
    "C070": (
        *(text for value in ("1", "true", "yes", "on", "y", "no") for text in run(f"-e @={value}", NO_PASSWORD_YES)),
        *(
            text
            for value in ("0", "false", "no", "off", "none", "disabled", "yes")
            for text in run(f"-e @={value}", NO_PASSWORD_NO)
        ),
        *run("-e @", "POSTGRES_HOST_AUTH_METHOD=trust DOCKER_TLS_CERTDIR= JUPYTER_TOKEN= JUPYTER_TOKEN=x"),
        *each(
            "docker run alpine app @",
            "--protected-mode␣no --skip-grant-tables --noauth --no-auth --disable-auth --auth␣none --auth=none -Expack.security.enabled=false --api.insecure --api.insecure=true --api.insecure=false -H␣tcp://0.0.0.0:2375 --NotebookApp.token= --ServerApp.token='' --IdentityProvider.token= --NotebookApp.password= --ServerApp.password= --anonymous-auth=true --insecure-skip-auth --no-authentication --ServerApp.token=abc",
        ),
    ),
    "C072": (
        *run("-e @", "FLASK_DEBUG=1 DJANGO_DEBUG=true APP_DEBUG=on RAILS_WEB_CONSOLE=yes FLASK_DEBUG=0"),
        *each("docker run openjdk:@ java -agentlib:jdwp=transport=dt_socket,server=y,address=5005 -jar a", "8 11 17"),
        *each(
            "docker run alpine app @",
            "--inspect=0.0.0.0:9229 --inspect=127.0.0.1:9229 --inspect-brk=*:9229 --inspect=[::1]:1 --inspect=[::ffff:127.0.0.1]:1 --inspect=localhost:1 --inspect=127.0.0.1:9229␣-Dcom.sun.management.jmxremote.port=1␣-Dcom.sun.management.jmxremote.authenticate=false -Xdebug␣--inspect=127.0.0.1:1␣-m␣debugpy␣--listen␣0.0.0.0:5678 -Dcom.sun.management.jmxremote.port=1␣-Dcom.sun.management.jmxremote.authenticate=false",
        ),
    ),
    "C073": each("docker run alpine sh -c '@ && app'", STARTED_PACKAGES),
    "C084": (
        *run("-v .:@", "/app /code /src /srv /workspace /usr/src/app /var/www /var/www/html /opt/app /go/src /data"),
        *each("docker run -v @:/app alpine", ". ./ $PWD ${PWD} ${PWD:-.} $(pwd) /srv/app"),
    ),
    "C086": each("docker run @:1", REGISTRIES),
    "F002": (
        image(", ".join(each('{"kind": "capability", "path": "opt/@", "detail": "@=ep"}', FILE_CAPABILITIES)), "files"),
    ),
    "F003": tuple(
        image(entry, "files") for entry in each('{"kind": "world-writable", "path": "@", "mode": "0666"}', KEPT_FILES)
    ),
    "F012": (*(packages("deb", name) for name in TOOLS.split()),),
    "H016": each(
        '{"observed": {"host": {"swarm": @}}}',
        'null {"active":true} {"active":true,"manager":true,"services":0} {"active":true,"manager":false,"services":0} {"active":false,"manager":true,"services":0}',
    ),
}

MORE: Final = {name: (*_NAMES.get(name, ()), *ORDERS.get(name, ())) for name in _NAMES | ORDERS}
"""The vectors by the rule's id."""
