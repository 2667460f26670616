"""The command lines whose output the records hold, by record and in order: what one writes, a later one reads."""

from __future__ import annotations

COMMANDS = {
    "check": """
        check bad.sh
        check fair.sh
        check fair.sh --quiet
        check bad.sh --quiet
        check bad.sh two.sh --format concise
        check bad.sh two.sh --format concise --fail-on critical --min-severity critical
        check fair.sh --fail-on info
        check bad.sh --only C001 --verbose
        check bad.sh --only C0 --skip C001,C007 --format concise
        check bad.sh --only C999
        check bad.sh --only C001 --exit-zero
        check bad.sh --policy strict.toml --format concise
        check bad.sh --policy odd.toml
        check bad.sh --policy gone.toml
        check ignored.sh --only C001 --show-suppressed
        check ignored.sh --only C001 --no-inline-ignores
        check bad.sh gone.sh broken.sh --only C001
        check chart --format concise
        check chart --fail-on-skipped
        check chart --verbose
        check . --only C001 --exclude 'chart/**' --exclude '*.json'
        check . --only C001 --no-examples --format concise
        check . --only C001 --verbose
        check empty
        check empty --require-targets
        check --hook docs/README.md strict.toml bad.sh --only C001
        check compose.yaml --only C001,C025 --pedantic
        check compose.yaml --format concise --use-environment
        check compose.yaml --format concise
        check -f compose.yaml -f override.yaml --only C001,C018
        check 'run:docker run --pid=host a:1' --only C018
        check 'run:ls'
        check - --only C001
        check Dockerfile --format concise --pedantic
        check bad.sh --only C001 --color always
        check bad.sh --write-baseline known.json
        check bad.sh --baseline known.json --only C001
        check bad.sh two.sh --baseline known.json --write-baseline known.json
        check two.sh --baseline gone.json
        check requirements.txt --no-vulnerabilities
    """,
    "check-errors": """
        check
        check bad.sh --unsafe
        check bad.sh --render --fix
        check bad.sh --vex vex.json --no-vulnerabilities
        check bad.sh --vex vex.json --only C001
        check bad.sh --format json --format sarif
        check bad.sh --output a.pdf
        check bad.sh --ignore-states open,no-dsa
        check bad.sh --since main --fix
        check bad.sh --since main --benchmark x
        check bad.sh --report-to https://x.example --only C001
        check bad.sh --report-to https://x.example --since main
        check bad.sh --report-to https://x.example
        check bad.sh --benchmark cis-docker-1.6.0
        check host --benchmark nothing
        check compose.yaml --benchmark pod-security-baseline
        check image.tar --platform vax
        help nothing
        scan .
        --nothing
        check bad.sh --color sometimes
    """,
    "formats": """
        check bad.sh --only C001,C018 --format json
        check bad.sh --only C001 --format sarif
        check bad.sh --only C001 --format junit
        check bad.sh --only C001 --format markdown
        check bad.sh --only C001 --format github
        check bad.sh --only C001 --format gitlab
        check bad.sh --only C001 --format azure
        check bad.sh --only C001 --output a.html --format terminal
        check bad.sh --only C001 --output out.json --output out.md
        show-file out.md
        ci bad.sh --everything --only C001
        ci bad.sh --everything --only C001 --quiet --format concise
    """,
    "fix": """
        check bad.sh --fix --only C001
        check bad.sh --diff --unsafe --only C001,C018
        check two.sh bad.sh --diff --unsafe --format concise --quiet
        check Dockerfile --diff
        check fair.sh --diff
        check - --fix --unsafe --only C001
        check 'run:docker run --privileged a:1' --fix --unsafe --only C001
        check bad.sh two.sh --fix --unsafe --only C001,C018
        show-file bad.sh two.sh
        check compose.yaml --fix --unsafe --only C001
        show-file compose.yaml
    """,
    "images": """
        check image.tar --offline --format concise
        check image.tar --offline --only-fixed --format concise
        check image.tar --offline --vex vex.json --format concise
        check image.tar --offline --vex gone.json --format concise
        check image.tar --offline --policy strict.toml --show-suppressed --format concise
        check image.tar --offline --no-vulnerabilities --no-cache --format concise
        check image.tar --offline --all
        check image.tar --offline --max-entries 1
        check image.tar --offline --max-file-size 10
        check requirements.txt --offline --format concise
        check layout --offline --format concise
        sbom image.tar
        sbom image.tar --format json --no-cache
        sbom image.tar --format cyclonedx --vulnerabilities --offline
        sbom image.tar --format spdx
        sbom image.tar --vulnerabilities
        sbom two.tar --quiet
        sbom gone.tar
        sbom image.tar --output sbom.json --format json
        check sbom.json --offline --format concise
        diff image.tar newer.tar --offline
        diff image.tar newer.tar --offline --fail-on-new high --quiet
        diff image.tar newer.tar --no-vulnerabilities --format markdown
        diff image.tar newer.tar --offline --format json --output diff.json --fail-on-new low
        diff newer.tar image.tar --offline --fail-on-new low
        diff image.tar gone.tar
        diff image.tar
        diff image.tar newer.tar --own-image
        inspect image.tar --start /bin/x --offline
        inspect two.tar --start /bin/x --offline
        inspect image.tar --format json --offline
        vex image.tar --author me --offline --policy strict.toml
        vex image.tar --author me --offline --policy strict.toml --packages --id https://x.example/v
        vex image.tar --author me --offline --policy strict.toml --product pkg:oci/x --only-justified
        vex image.tar --offline
        vex gone.tar
        cache
        cache show --format json
        cache prune --max-size 1
        cache prune --format json
        cache clear
        cache clear --format json
        cache show --max-size 5M
    """,
    "database": """
        db status --format json
        db update --from gone
        db update --from mirror --only osv/PyPI
        db update --from mirror --only PyPI,npm --quiet
        db update --from mirror --only nothing
        db update --from mirror --only osv/Pypii
        db update --from mirror --only kev
        db status --from mirror
        db status a
        db push
        db push a@sha256:0
        db clear --only kev
        db clear
        db clear
        db status
    """,
    "guard": """
        guard explain request.json --policy guard.toml --uid 1000 --gid 5
        guard explain request.json --policy guard.toml --uid 1001
        guard explain request.json --policy guard.toml --container web --uid 1000
        guard explain request.json --policy guard.toml --tls-name x
        guard explain request.json --policy guard.toml --uid 1000 --body
        guard explain gone.json --policy guard.toml
        guard explain request.json --policy strict.toml
        guard replay guard.log --policy guard.toml
        guard replay guard.log --policy strict.toml
        guard learn guard.log
        guard learn guard.log --only all
        guard learn guard.log --only nobody
        guard import compose.yaml
        guard install --root machine
        guard install --root machine --form plugin --engine /run/x.sock --policy /etc/p.toml
        guard install --root machine --group staff --apply
        guard install --root machine --policy relative.toml --apply --yes
        guard uninstall --root machine
        guard status --status gone.sock
        guard open --for never --reason x --state state
        guard open --for 25h --reason x --state state
        guard open --for 10m --reason x --state state
        guard close --state state
        guard close --state state
        guard proxy --policy guard.toml --mode 999 --listen ./x.sock
        guard proxy --policy gone.toml --listen ./x.sock
        guard proxy --policy guard.toml --tls-cert a --listen ./x.sock
    """,
    "profiles": """
        profile show web.json
        profile show web.json --format json
        profile show more.json
        profile diff web.json more.json
        profile diff more.json web.json
        profile diff web.json web.json
        profile check web.json
        profile check more.json
        profile check more.json --accept incomplete
        profile check web.json --image nginx:1
        profile check bad-profile.json
        profile seccomp web.json
        profile seccomp web.json --architecture vax
        profile trial web.json
        profile floor web.json image.tar
        vex image.tar --profile web.json --offline
        check image.tar --in-use --offline --format concise
        harden --profile web.json --as compose web:1
        harden --profile gone.json web:1
        harden --place x web:1
        learn p.json
        learn p.json --for never -- docker run a
        learn p.json --for 1m -- ls
    """,
    "others": """
        map compose.yaml
        map compose.yaml --format json
        map compose.yaml --format dot
        map compose.yaml --from web --to db
        map compose.yaml --from web --to internet
        map compose.yaml --from web
        map compose.yaml --from web --to nothing
        map compose.yaml --verify
        map gone.yaml
        map broken.sh
        map --render
        rules C001
        rules C001 --format markdown
        rules privileged
        rules C999
        rules nothing-like-it
        rules --format json C001
        init
        init
        init --output other/sealock.toml
        init --output bad.sh
        userns plan compose.yaml --root machine
        userns plan compose.yaml --root machine --format json
        userns plan gone.yaml --root machine
        userns plan --root gone
        userns verify --engine unix:///gone.sock
        completion tcl
        trust verify --key gone.pub a:1
        trust sign a:1 --key gone.key
        trust audit .
        trust audit . --format json
        trust audit gone
        trust forget x.example/a
        trust migrate x.example/a --key gone.key
        trust list Not/A/Name
        trust attest a:1
        show --list
        show C001 C999
        show --clean --client docker
        run
        run --with docker alpine
        run --accept image alpine
        run --workspace x alpine
        run --for agent --profile web.json alpine
        serve submit
        serve submit a:1
        serve start --state service --update -1
        serve start --state service --behind -1
        serve start --state service --workers 65
        serve worker --state service --workers 0
        serve start --state service --address x
        serve worker --state service
        serve start --state service --listen nowhere
        serve backup --state service
        serve restore --state service gone.backup
        lsp --nothing
    """,
    "registry": """
        digest @HOST@/app:1
        digest @HOST@/app:1 @HOST@/app:2 --format json
        digest @HOST@/app:1 --verify --format json
        digest @HOST@/app:1 --all
        digest @HOST@/app:1 --platform linux/amd64
        digest @HOST@/app:1 --platform linux/arm64
        digest @HOST@/multi:1 --all
        digest @HOST@/multi:1 --all --format json
        digest @HOST@/multi:1 --platform linux/arm64 --format json
        digest @HOST@/multi:1 --platform linux/s390x
        digest @HOST@/gone:1 @HOST@/app:1
        digest Not/A/Name
        pin pins.yaml --check
        pin pins.yaml --diff
        pin pins.yaml --diff --format json
        pin pins.yaml --lock
        pin pins.yaml --lock --check
        pin pins.yaml --lock --check --format json
        pin pins.yaml --compose-override
        pin pins.yaml --compose-override --lock
        pin pins.yaml --diff --lock
        pin pins.yaml --only @HOST@/app --diff
        pin pins.yaml --exclude '@HOST@/app*' --check
        pin pins.yaml --min-age 7d --check
        pin pins.yaml --platform linux/arm64 --check
        pin gone.yaml
        pin pins.yaml missing.yaml
        pin pins.yaml missing.yaml --keep-going
        show-file pins.yaml missing.yaml
        pin pins.yaml --check --quiet
        pin pins.yaml --quiet
        pin pins.yaml --format json
        pin empty
        pin pins.yaml --min-age soon
        check image:@HOST@/app:1 --offline --format concise
        sbom @HOST@/multi:1 --platform linux/arm64
    """,
    "runs": """
        run --dry-run alpine
        run --dry-run --explain --rm -p 8080:80 nginx:1.27
        run --dry-run --explain --with docker web:1 sh -c 'echo a'
        run --dry-run --privileged web:1
        run --dry-run -v /:/host --pid host web:1
        run --dry-run --policy strict.toml web:1
        run --dry-run --policy gone.toml web:1
        run --dry-run --profile web.json web:1
        run --dry-run --profile web.json --accept image --accept kernel --accept runtime web:1
        run --dry-run --profile more.json --accept image web:1
        run --dry-run --profile bad-profile.json web:1
        run --dry-run --profile web.json --accept image --accept kernel --accept runtime other:1
        run --for agent --dry-run --workspace . web:1 sh
        run --for agent --dry-run --workspace gone web:1 sh
        run --for agent --dry-run --workspace . --allow-host 'a b' web:1 sh
        run --for agent --dry-run --workspace . --allow-host x.example:443 --writable .git --time-limit 5m --explain web:1 sh
        run --for agent --dry-run --workspace . --time-limit soon web:1 sh
        run --for agent --dry-run --workspace . -v /etc:/e web:1 sh
        run --with podman --dry-run
        harden --profile web.json web:1
        harden --profile web.json --accept image --accept kernel --accept runtime web:1
        harden --profile web.json --accept image --accept kernel --accept runtime --as compose web:1
        harden --profile web.json --accept image --accept kernel --accept runtime --as kubernetes web:1
        harden --profile web.json --accept image --accept kernel --accept runtime --as quadlet web:1
        harden --profile web.json --accept image --in compose.yaml:web
        harden --profile web.json --accept image --in compose.yaml:gone
        harden --profile web.json --in compose.yaml
        harden --in compose.yaml:web web:1
        harden --prove web:1
        harden --seccomp a.json web:1
        harden web:1
        profile check web.json --image web:1
        profile check web.json --image gone:1
    """,
    "ci": """
        check . --since main --only C001
        check . --since main --only C001 --format json
        check . --since gone --only C001
        check compose.yaml new --since main --only C001 --exit-zero
        ci --only C001
        ci --only C001 --quiet
        ci --only C001 --since HEAD~1
        ci --only C001 --everything
        ci --fix
        GITHUB_ACTIONS=true GITHUB_BASE_REF=main GITHUB_STEP_SUMMARY=summary.md GITHUB_OUTPUT=outputs RUNNER_TEMP=temp ci --only C001
        show-file summary.md outputs
        GITHUB_ACTIONS=true GITHUB_REF=refs/heads/feature ci --only C001
        GITHUB_ACTIONS=true GITHUB_REF=refs/heads/main GITHUB_EVENT_PATH=event.json ci --only C001 --format concise
        GITHUB_ACTIONS=true GITHUB_STEP_SUMMARY=gone/summary.md GITHUB_OUTPUT=gone/outputs ci --only C001
        GITLAB_CI=true CI_MERGE_REQUEST_TARGET_BRANCH_NAME=main ci --only C001
        GITLAB_CI=true CI_COMMIT_BRANCH=feature CI_DEFAULT_BRANCH=main CI_PROJECT_DIR=out ci --only C001
        show-file out/gl-code-quality-report.json
        TF_BUILD=True SYSTEM_PULLREQUEST_TARGETBRANCH=refs/heads/main AGENT_TEMPDIRECTORY=temp ci --only C001
        TF_BUILD=True BUILD_SOURCEBRANCH=refs/heads/main ci --only C001
        CIRCLECI=true CIRCLE_BRANCH=feature ci --only C001
        show-file test-results/sealock/results.xml
        JENKINS_URL=x CHANGE_TARGET=main WORKSPACE=out ci --only C001
        JENKINS_URL=x GIT_BRANCH=origin/main ci --only C001
        BITBUCKET_BUILD_NUMBER=1 BITBUCKET_PR_DESTINATION_BRANCH=main ci --only C001
        CIRCLECI=false ci --only C001 --format concise
    """,
    "manifests": """
        check pod.yaml --benchmark pod-security-baseline
        check pod.yaml --benchmark pod-security-restricted
        check pod.yaml --benchmark pod-security-restricted-1.24 --format json
        check good.yaml --benchmark pod-security-restricted
        check pod.yaml --format concise
        map pod.yaml
        map pod.yaml --format json
        map pod.yaml --from web --to db
        map pod.yaml --from db --to web
        check pod.yaml --fix --only C001,C018
        show-file pod.yaml
    """,
    "engine": """
        check container:web --engine @ENGINE@ --offline --only C001,C018,C030
        check container:* --engine @ENGINE@ --offline --only C001,C018,C030 --format concise
        check container:gone --engine @ENGINE@ --offline --format concise
        map --engine @ENGINE@
        map --engine @ENGINE@ --format json
        map --engine @ENGINE@ --from web --to db
        map --engine unix:///gone.sock
        inspect container:web --engine @ENGINE@
        userns plan --engine @ENGINE@ --root machine
        trust audit engine --engine @ENGINE@
    """,
}
"""Command lines by the name of their record, in order: what one writes, a later one reads."""
