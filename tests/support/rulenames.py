"""Names that rules know, and some that they leave alone, between blanks; ␣ stands for a blank inside one."""

from __future__ import annotations

CHECKS = (
    "sha1sum␣-c sha224sum␣-c sha256sum␣-c sha384sum␣-c sha512sum␣-c md5sum␣-c b2sum␣-c shasum␣-c cksum sha256 sha512 gpgv gpgv2 "
    "cosign␣verify minisign␣-V signify slsa-verifier rhash jarsigner gpg␣--verify gpg␣--decrypt gpg␣-d gpg␣--list-keys openssl␣dgst "
    "openssl␣cms openssl␣smime openssl␣x␣-verify openssl␣enc ls"
)
APT_VALUED = (
    "-o␣a=b --option␣a=b -t␣x --target-release␣x --default-release␣x -c␣x --config-file␣x -a␣x --host-architecture␣x"
)
YUM_VALUED = (
    "-c␣x --config␣x -x␣x --exclude␣x --enablerepo␣x --disablerepo␣x --repo␣x --repoid␣x --installroot␣/x --releasever␣9 "
    "--setopt␣a=b -d␣1 -e␣1 -R␣1 --forcearch␣x"
)
APK_VALUED = (
    "-t␣x --virtual␣x -X␣https://x --repository␣https://x -p␣/x --root␣/x --repositories-file␣/x --keys-dir␣/x --arch␣x "
    "--wait␣1 --cache-dir␣/x --cache-max-age␣1 --progress-fd␣1 --timeout␣1"
)
PIP_VALUED = (
    "-c␣x --constraint␣x -i␣https://x --index-url␣https://x --extra-index-url␣https://x -f␣x --find-links␣x -t␣x --target␣x "
    "--prefix␣/x --root␣/x --trusted-host␣x --platform␣x --python-version␣3 --abi␣x --implementation␣x --no-binary␣x "
    "--only-binary␣x --upgrade-strategy␣x --cache-dir␣x --proxy␣x --timeout␣1 --retries␣1 --progress-bar␣off --src␣x -b␣x "
    "--build␣x --global-option␣x --install-option␣x --config-settings␣x -C␣x --cert␣x --client-cert␣x --log␣x --python␣x "
    "--report␣x --exists-action␣x --root-user-action␣ignore --use-feature␣x --use-deprecated␣x"
)
NPM_VALUED = (
    "--prefix␣/x -C␣/x --registry␣https://x --loglevel␣warn --omit␣dev --only␣prod --include␣dev --cache␣/x -w␣x --workspace␣x "
    "--userconfig␣x --install-strategy␣x --network-timeout␣1 --cwd␣/x --modules-folder␣x --cache-folder␣x --mutex␣x --filter␣x "
    "-F␣x --dir␣/x --store-dir␣/x --fetch-timeout␣1 --fetch-retries␣1 --maxsockets␣1"
)
GEM_VALUED = (
    "-i␣/x --install-dir␣/x -n␣/x --bindir␣/x -s␣https://x --source␣https://x -p␣x --http-proxy␣x -P␣x --trust-policy␣x "
    "--platform␣x -g␣x --file␣x --build-root␣x"
)
CARGO_VALUED = (
    "--registry␣x --index␣x -F␣x --features␣x --target␣x --target-dir␣x --profile␣x -j␣1 --jobs␣1 --bin␣x --example␣x "
    "--config␣x -Z␣x --root␣/x"
)
NO_PASSWORD_YES = (
    "MYSQL_ALLOW_EMPTY_PASSWORD MARIADB_ALLOW_EMPTY_ROOT_PASSWORD ALLOW_EMPTY_PASSWORD ALLOW_ANONYMOUS_LOGIN DISABLE_AUTH "
    "NO_AUTH SKIP_AUTH ALLOW_PLAINTEXT_LISTENER DISABLE_SECURITY_PLUGIN PLUGINS.SECURITY.DISABLED GF_AUTH_ANONYMOUS_ENABLED "
    "AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED"
)
NO_PASSWORD_NO = (
    "AUTH_ENABLED ENABLE_AUTH ES_SECURITY_ENABLED XPACK.SECURITY.ENABLED XPACK_SECURITY_ENABLED NEO4J_AUTH "
    "NEO4J_DBMS_SECURITY_AUTH__ENABLED ME_CONFIG_BASICAUTH"
)
DEVICES = (
    "mem kmem port kmsg sda nvme0n1 vda xvda hda md0 dm-0 mapper/vg mmcblk0 disk/by-id/x loop0 sg0 bus/usb/001/002 input/event0 "
    "uinput hidraw0 vfio/1 kvm vhost-net net/tun fuse ttyS0 serial/by-id/x video0 snd dri nvidia0 kfd gpiochip0 i2c-1 spidev0.0 "
    "tpm0 snapshot watchdog rtc0 null zero random urandom shm"
)
HOST_PATHS = (
    "/ /etc /usr /bin /sbin /usr/bin /usr/sbin /usr/local/bin /usr/lib /lib /lib64 /opt /proc /sys /dev /var /var/lib /var/log "
    "/home /Users /lib/modules /usr/src /etc/passwd /etc/group /etc/localtime /etc/timezone /etc/hosts /etc/resolv.conf /etc/ssl "
    "/etc/ssl/certs /etc/pki /etc/systemd/x /usr/lib/systemd/x /lib/systemd/x /etc/cron.d/x /etc/cron.daily/x /etc/cron.hourly/x "
    "/etc/crontab /var/spool/cron/x /etc/init.d/x /etc/profile.d/x /etc/ld.so.preload /etc/udev/x /etc/pam.d/x /etc/sudoers "
    "/etc/sudoers.d/x /etc/shadow /etc/gshadow /etc/ssh/x /etc/docker/x /etc/containerd/x /etc/containers/x /etc/kubernetes/x "
    "/etc/cni/x /opt/cni/x /usr/libexec/kubernetes/x /etc/rancher/x /etc/ssl/private/x /etc/pki/tls/private/x /boot/x /proc/sys/x "
    "/proc/1/x /proc/kcore /proc/sysrq-trigger /sys/fs/cgroup/x /sys/kernel/x /sys/firmware/x /var/lib/docker/x "
    "/var/lib/containerd/x /var/lib/containers/x /var/lib/kubelet/x /var/lib/rancher/x /var/lib/etcd/x /var/lib/lxd/x "
    "/var/lib/libvirt/x /var/lib/dpkg/x /srv/data"
)
CREDENTIALS = (
    ".ssh .aws .azure .config/gcloud .docker .kube .gnupg .password-store .netrc .git-credentials .config/gh "
    ".config/git/credentials .npmrc .pypirc .cargo/credentials.toml .m2/settings.xml .vault-token .terraform.d .pgpass .my.cnf "
    ".config/containers/auth.json .oci .config/doctl .config/hcloud .config/rclone .mozilla .config/google-chrome .bash_history"
)
CREDENTIAL_FILES = (
    ".env .npmrc .yarnrc.yml .pypirc .netrc _netrc .git-credentials .dockercfg .pgpass .my.cnf .mylogin.cnf .htpasswd "
    ".vault-token .boto .s3cfg .terraformrc terraform.tfstate .bash_history .aws .ssh .gnupg .kube .azure gcloud kubeconfig "
    "id_rsa id_dsa id_ecdsa id_ed25519 application_default_credentials.json accessTokens.json master.key server.key privkey.pem "
    "shadow wp-config.php .docker/config.json .aws/credentials .aws/config .kube/config .cargo/credentials "
    ".cargo/credentials.toml .gem/credentials .config/gcloud .config/gh/hosts.yml .m2/settings.xml .composer/auth.json etc/shadow "
    ".env.local .env.prod .env.production .env.dev .env.staging .env.private prod.env secrets.env id_rsa.old deploy_rsa x.ppk "
    "x.p12 x.pfx x.jks x.keystore x.kdbx priv.pem apikey.pem site.pem credentials.json db-creds.yml client_secret.json secrets.yaml "
    "service-account.json x.tfvars my.kubeconfig"
)
HARMLESS_FILES = "id_rsa.pub x.crt x.cer key.py key.js key.ts key.go key.rb key.java key.sh key.md x.key.asc x.gpg .env.example ca.key server-ca.pem public.key chain.pem"
SYSCTLS = (
    "net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.all.rp_filter=2 net.ipv4.conf.all.accept_source_route=1 "
    "net.ipv4.conf.all.accept_redirects=1 net.ipv4.conf.all.secure_redirects=0 net.ipv4.conf.all.send_redirects=1 "
    "net.ipv4.tcp_syncookies=0 net.ipv4.conf.all.route_localnet=1 net.ipv4.conf.all.proxy_arp=1 net.ipv4.ip_forward=1 "
    "net.ipv6.conf.all.forwarding=1 net.ipv4.icmp_echo_ignore_broadcasts=0 vm.swappiness=1 fs.file-max=1 kernel.panic=1"
)
HARMLESS_SYSCTLS = (
    "net.ipv4.conf.all.rp_filter=1 net.ipv4.ip_forward=0 kernel.hostname=a kernel.domainname=b kernel.sem=1 kernel.msgmax=1 "
    "kernel.shmall=1 fs.mqueue.msg_max=1"
)
PORTS = (
    "22 23 111 135 139 389 445 512 513 514 873 1433 1521 2049 2181 2375 2376 2379 2380 3306 3389 4243 4369 5432 5601 5672 5858 "
    "5900 5984 6379 6443 7000 7474 7687 8086 8123 8200 8500 9000 9042 9090 9092 9200 9229 9300 10250 11211 15672 25672 26379 27017 27018 "
    "27019 28017 50000 50070 61616"
)
CAPABILITIES = (
    "SYS_PTRACE NET_ADMIN BPF PERFMON SYS_BOOT MAC_ADMIN MAC_OVERRIDE CHECKPOINT_RESTORE SYSLOG SYS_TIME SYS_RESOURCE "
    "AUDIT_CONTROL AUDIT_READ LINUX_IMMUTABLE SYS_PACCT SYS_TTY_CONFIG SYS_NICE IPC_LOCK IPC_OWNER LEASE WAKE_ALARM "
    "BLOCK_SUSPEND NET_BROADCAST"
)
REGISTRIES = (
    "docker.io/library/x ghcr.io/x/x gcr.io/x/x eu.gcr.io/x/x europe.pkg.dev/x/x quay.io/x/x registry.gitlab.com/x/x cgr.dev/x/x "
    "mcr.microsoft.com/x registry.k8s.io/x public.ecr.aws/x/x 1.dkr.ecr.eu.amazonaws.com/x x.azurecr.io/x docker.elastic.co/x/x "
    "registry.access.redhat.com/x registry.redhat.io/x nvcr.io/x/x container-registry.oracle.com/x lscr.io/x/x "
    "registry.fedoraproject.org/x registry.opensuse.org/x registry.suse.com/x dhi.io/x docker.n8n.io/x/x registry.example.com/x"
)
CODE_NAMES = (
    "lenny squeeze wheezy jessie stretch buster bullseye bookworm trixie precise trusty xenial artful bionic cosmic disco eoan "
    "focal groovy hirsute impish jammy kinetic lunar mantic noble oracular plucky questing resolute stonking"
)
PREFIXES = (
    "dumb-init␣-- tini␣-- catatonit␣-- docker-init␣-- env exec nice stdbuf␣-oL gosu␣app su-exec␣app chpst␣-u␣app setuidgid␣app "
    "s6-setuidgid␣app runuser␣-u␣app␣-- sudo␣-u␣app setpriv␣--reuid=1000"
)

FETCH = "curl -fsSLo a https://example.com/a"
MODES = "+x a+x u+x ug+x ugo+x +rx a+rx u+rx +rwx 755 0755 775 0775 777 0777 700 0700 555 0555 500 550 750 0750 644 -x"
TLS_SWITCHES = (
    "NODE_TLS_REJECT_UNAUTHORIZED=0 NPM_CONFIG_STRICT_SSL=false YARN_ENABLE_STRICT_SSL=0 YARN_STRICT_SSL=no PYTHONHTTPSVERIFY=off "
    "CONDA_SSL_VERIFY=false BUNDLE_SSL_VERIFY_MODE=0 PUPPETEER_STRICT_SSL=false COMPOSER_SECURE_HTTP=0 GIT_SSL_NO_VERIFY=1 "
    "PIP_TRUSTED_HOST=x.example UV_INSECURE_HOST=x.example NODE_TLS_REJECT_UNAUTHORIZED=1 GIT_SSL_NO_VERIFY=0"
)
TLS_COMMANDS = (
    "curl␣--insecure␣https://x curl␣-k␣https://x curl␣--proxy-insecure␣https://x curl␣--doh-insecure␣https://x "
    "wget␣--no-check-certificate␣https://x wget2␣--no-check-certificate␣https://x aria2c␣--check-certificate=false␣https://x "
    "http␣--verify=no␣https://x http␣--verify=false␣https://x https␣--verify=no␣x https␣--verify=false␣x "
    "helm␣pull␣--insecure-skip-tls-verify␣x kubectl␣get␣--insecure-skip-tls-verify␣x oc␣get␣--insecure-skip-tls-verify␣x "
    "skopeo␣copy␣--src-tls-verify=false␣a␣b skopeo␣copy␣--dest-tls-verify=false␣a␣b skopeo␣inspect␣--tls-verify=false␣a "
    "podman␣pull␣--tls-verify=false␣a buildah␣pull␣--tls-verify=false␣a crane␣pull␣--insecure␣a␣b oras␣pull␣--insecure␣a "
    "mc␣--insecure␣ls vault␣read␣-tls-skip-verify␣a argocd␣login␣--insecure␣a aws␣s3␣--no-verify-ssl␣ls "
    "svn␣co␣--trust-server-cert␣https://x npm␣config␣set␣strict-ssl␣false yarn␣config␣set␣strictSsl␣false "
    "yarn␣config␣set␣enableStrictSsl␣false conda␣config␣--set␣ssl_verify␣false bundle␣config␣set␣ssl_verify_mode␣0 "
    "composer␣config␣secure-http␣false git␣config␣--global␣http.sslVerify␣false pnpm␣config␣set␣strict-ssl␣false "
    "mamba␣config␣--set␣ssl_verify␣no micromamba␣config␣set␣ssl_verify␣false npm␣config␣set␣strict-ssl␣true"
)
REGISTRY_VARIABLES = (
    "PIP_INDEX_URL PIP_EXTRA_INDEX_URL UV_INDEX_URL UV_DEFAULT_INDEX UV_EXTRA_INDEX_URL NPM_CONFIG_REGISTRY "
    "YARN_NPM_REGISTRY_SERVER YARN_REGISTRY GOPROXY BUNDLE_MIRROR__ALL GEM_SOURCE CONDA_CHANNELS POETRY_REPOSITORIES "
    "RUSTUP_DIST_SERVER NVM_NODEJS_ORG_MIRROR ELECTRON_MIRROR SASS_BINARY_SITE OTHER"
)
REGISTRY_PROGRAMS = (
    "pip pip3 uv poetry npm yarn pnpm gem bundle bundler composer conda mamba cpanm go python␣-m␣pip python3␣-m␣pip nuget dotnet "
    "cargo mvn helm luarocks other"
)
FAILING = (
    "apt-get apt apk yum dnf microdnf tdnf zypper pacman pip pip3 npm yarn pnpm gem bundle go cargo conda mamba composer mvn gradle "
    "make cmake ninja ./configure gcc cc g++ curl wget git tar unzip dpkg rpm cp mv install sha256sum sha512sum gpg useradd adduser "
    "addgroup groupadd chown python python3 node dotnet ls"
)
LOGIN_PROGRAMS = "sshd dropbear telnetd in.telnetd rlogind in.rlogind rshd in.rshd vsftpd ssh"
LOGIN_PACKAGES = (
    "telnetd inetutils-telnetd telnet-server rsh-server rsh-redone-server ftpd vsftpd proftpd proftpd-core proftpd-basic pure-ftpd "
    "tftp-server tftpd-hpa inetutils-inetd openssh-server dropbear dropbear-bin tinysshd openssh-server-pam openssh-client"
)
TOOLS = (
    "bash dash zsh ksh mksh fish tcsh csh busybox busybox-static toybox apt dpkg aptitude apk-tools yum dnf dnf5 microdnf tdnf zypper "
    "rpm pacman pip python3-pip py3-pip npm yarn composer rubygems conda mamba snapd gcc g++ gcc-c++ cpp clang llvm tcc rustc rust "
    "cargo golang golang-go go make cmake ninja ninja-build meson build-essential build-base base-devel binutils autoconf automake "
    "ghc gfortran default-jdk gdb curl wget netcat-openbsd netcat-traditional netcat nmap nmap-ncat ncat socat openssh-client "
    "openssh-clients openssh-client-default tcpdump telnet ftp rsync bind-tools bind-utils libc6"
)
REMOTE = (
    "openssh-server openssh ssh dropbear telnetd inetutils-telnetd telnet-server rsh-server rsh-redone-server xinetd vsftpd proftpd "
    "tftpd tftpd-hpa tigervnc-standalone-server x11vnc tightvncserver xrdp webmin shellinabox ttyd cockpit telnet inetutils-telnet "
    "netcat netcat-openbsd netcat-traditional nc ncat nmap nmap-ncat rsh rsh-client rsh-redone-client socat tcpdump hping3 ftp tftp "
    "busybox-extras proxychains4 hydra john sqlmap"
)
FILE_CAPABILITIES = (
    "cap_sys_admin cap_sys_module cap_sys_rawio cap_dac_read_search cap_sys_ptrace cap_bpf cap_sys_boot cap_mac_admin "
    "cap_mac_override cap_audit_control cap_perfmon cap_setuid cap_setgid cap_chown cap_dac_override cap_fowner cap_setfcap "
    "cap_setpcap cap_mknod cap_sys_chroot cap_fsetid cap_kill cap_net_admin cap_net_raw cap_net_bind_service"
)
KEPT_FILES = (
    "etc/passwd etc/shadow etc/gshadow etc/group etc/sudoers etc/pam.d/su etc/security/x etc/init.d/x var/spool/cron/root "
    "etc/cron.d/x etc/ld.so.preload etc/profile.d/x.sh usr/bin/x usr/lib/libx.so opt/x srv/x/data"
)
STARTED_PACKAGES = "apt-get␣install␣x apt␣install␣x apk␣add␣x yum␣install␣x dnf␣install␣x pip␣install␣x pip3␣install␣x npm␣install␣-g␣x npm␣i␣-g␣x gem␣install␣x go␣install␣x cargo␣install␣x npm␣ci"
NEEDING = (
    "nginx httpd unit caddy traefik haproxy varnish wordpress joomla drupal matomo mediawiki nextcloud phpmyadmin postgres mysql "
    "mariadb redis valkey/valkey cassandra couchdb influxdb mongo rabbitmq zookeeper ghost telegraf neo4j vault hashicorp/vault "
    "memcached elasticsearch kibana logstash registry atmoz/sftp linuxserver/openssh-server lscr.io/linuxserver/openssh-server "
    "mailserver/docker-mailserver ghcr.io/docker-mailserver/docker-mailserver boky/postfix node python golang ruby php openjdk "
    "eclipse-temurin amazoncorretto tomcat acme/app"
)
MONITORS = (
    "node-exporter node_exporter cadvisor netdata datadog telegraf glances falco newrelic beszel promtail fluent filebeat metricbeat "
    "vector alloy dynatrace osquery wazuh otel opentelemetry-collector grafana/agent scrutiny zabbix-agent process-exporter loki app"
)
SEARCHED = (
    "PATH=.:/bin LD_LIBRARY_PATH=:/lib PYTHONPATH=/tmp/x PERL5LIB=/var/tmp RUBYLIB=lib NODE_PATH=/dev/shm/x LD_PRELOAD=/tmp/a.so "
    "LD_AUDIT=/run/user/1/a.so PYTHONSTARTUP=./a.py PERL5OPT=/tmp/x BASH_ENV=/tmp/x PATH=/bin PATH=./x:/bin PYTHONPATH=. "
    "LD_PRELOAD=/lib/a.so PATH=$HOME/bin:/bin PATH=~/bin PATH=/run/user RUBYLIB=:/lib"
)
