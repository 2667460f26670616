"""Run lines where people write them besides shell scripts; and texts that look like run lines and are none."""

from __future__ import annotations

import pytest

from sealock import formats
from sealock.formats.scripts import find_run_commands
from sealock.model.container import Container
from sealock.model.location import Source

P = "docker run --privileged"
FOUND = [
    ("a function of all arguments", "up.sh", 'd(){ docker "$@"; }\nd run --privileged x\n', ["run --privileged x"]),
    ("a function over several lines", "up.sh", 'function dk {\n  sudo docker --context y "$@"\n}\ndk run --privileged x\n', ["run --privileged x"]),
    ("an alias", "up.sh", "alias d='sudo docker'\nd run --privileged x\n", ["run --privileged x"]),
    ("a variable", "up.sh", "D=docker\n$D run --privileged x\n", ["run --privileged x"]),
    ("an array", "up.sh", 'O=(run --privileged x)\ndocker "${O[@]}"\n', ["run --privileged x"]),
    ("another host", "up.sh", "ssh -p 22 -i key me@h docker run --privileged x\n", ["run --privileged x"]),
    ("another host, quoted", "up.sh", 'ssh h "cd /x && docker run --privileged x"\n', ["run --privileged x"]),
    ("another host, options behind it", "up.sh", "ssh h -t docker run --privileged x\n", ["run --privileged x"]),
    ("another host's input", "up.sh", "ssh h <<EOF\ndocker run --privileged x\nEOF\nssh h bash -s <<'EOF'\ndocker run -v /:/h y\nEOF\n", ["run --privileged x", "run -v /:/h y"]),
    ("a function that tries again", "up.sh", "retry 3 docker run --privileged x\n", ["run --privileged x"]),
    ("what runs at the end", "up.sh", "trap 'docker run --privileged x' EXIT\n", ["run --privileged x"]),
    ("a program that was looked up", "up.sh", '"$(command -v docker)" run --privileged x\n`which podman` run --rm y\n', ["run --privileged x", "run --rm y"]),
    ("the engine that a branch chooses", "up.sh", "if command -v podman; then E=podman; else E=docker; fi\n$E run --privileged x\n", ["run --privileged x"]),
    ("the engine that is there", "up.sh", 'E=$(command -v docker || command -v podman)\n"$E" run --privileged x\n', ["run --privileged x"]),
    ("the engine's path, looked up", "up.sh", "E=`which /usr/bin/docker`\nsudo $E run --privileged x\n", ["run --privileged x"]),
    ("the engine that the caller may choose", "up.sh", "E=${1:-docker}\n$SUDO $E run --privileged x\n", ["run --privileged x"]),
    ("a variable of what an engine prints", "up.sh", "E=$(docker ps -q)\n$E run -it x\n", []),
    ("an engine's name that is no command", "up.sh", "if x; then E=docker; else E=y; fi\necho $E run --privileged x\n", []),
    ("the engine in make, looked up", "Makefile", "D := $(shell command -v docker)\nrun:\n\t$(D) run --privileged x\n", ["run --privileged x"]),
    ("the engine in make, if not given", "Makefile", "D ?= $(or $(X),docker)\nrun:\n\t$(D) run --privileged x\n", ["run --privileged x"]),
    ("the engine in make, by a condition", "Makefile", "ifdef P\nD = podman\nelse\nD = docker\nendif\nrun:\n\t$(D) run --privileged x\n", ["run --privileged x"]),
    ("a byte order mark", "up.ps1", "\ufeffdocker run --privileged x\n", ["run --privileged x"]),
    ("a byte order mark before a block", "R.md", "\ufeff```\ndocker run --privileged x\n```\n", ["run --privileged x"]),
    ("a systemd drop-in", "x.service.d/o.conf", "[Service]\nExecStart=\nExecStart=-/usr/bin/docker run --privileged x\n", ["run --privileged x"]),
    ("a line of an Upstart job", "x.conf", "script\n  exec docker run \\\n  --privileged x\nend script\n", ["run --privileged x"]),
    ("a string of TOML over lines", "mise.toml", '[tasks.up]\nrun = """\ndocker run --privileged x\n"""\n[tasks.b]\nrun = \'\'\'docker run --rm y\'\'\'\n', ["run --privileged x", "run --rm y"]),
    ("a text for another machine", "up.sh", "vagrant ssh -c 'docker run --privileged x'\ngcloud compute ssh h --command 'docker run --rm y'\n", ["run --privileged x", "run --rm y"]),
    ("a text for a terminal", "up.sh", "tmux new -d 'docker run --privileged x'\n", ["run --privileged x"]),
    ("programs that run others", "up.sh", "numactl -N 0 docker run --privileged x\nop run -- docker run --rm y\nmultipass exec vm -- docker run --rm z\n", ["run --privileged x", "run --rm y", "run --rm z"]),
    ("a host alone", "up.sh", "ssh docker\n", []),
    ("the program's ending", "up.sh", "docker.exe run --privileged x\n", ["run --privileged x"]),
    ("a default in make", "Makefile", "D ?= docker\nrun:\n\t$(D) run --privileged x\n", ["run --privileged x"]),
    ("the command in make", "Makefile", "RUN = sudo docker run --privileged\nrun:\n\t$(RUN) x\n", ["run --privileged x"]),
    ("justfile", "justfile", 'img := "x:1"\nup arg:\n    @docker run --privileged {{img}} {{arg}}\n', ["run --privileged x:1 {{arg}}"]),
    ("justfile over lines", "x.just", "up:\n  docker run \\\n    --privileged x\n", ["run --privileged x"]),
    ("package.json", "package.json", '{"scripts": {"up": "x && docker run --privileged -e \\"A=b\\" x:1"}}', ["run --privileged -e A=b x:1"]),
    ("tasks.json", ".vscode/tasks.json", '{"command": "docker run -v /:/h x"}', ["run -v /:/h x"]),
    ("Procfile", "Procfile", "web: docker run --privileged x\n", ["run --privileged x"]),
    ("Jenkinsfile", "Jenkinsfile", 'node {\n  sh "docker run --privileged ${IMG}"\n}\n', ["run --privileged ${IMG}"]),
    ("Jenkins's long string", "ci/Jenkinsfile.build", "sh '''\n  docker run \\\\\n    --privileged x\n'''\n", ["run --privileged x"]),
    ("what Groovy fills in", "Jenkinsfile", 'sh """\n  docker run ${opts.join(\' \')} --privileged -v ${env.W}:/w x:${params.T ?: \'1\'}\n  echo ${a.b}\n"""\n', ["run ${______________} --privileged -v ${env.W}:/w x:${_______________}"]),
    ("Jenkins's named script", "x.groovy", "def a = sh(returnStdout: true, script: 'docker run --privileged x').trim()", ["run --privileged x"]),
    ("a page within a page", "a.md", '````markdown\n```sh\ndocker run -e A="\nb\n" x\n```\n```sh\ndocker run --privileged y\n```\n````\n', ["run -e A=\nb\n x", "run --privileged y"]),
    ("steps that are mappings", "Taskfile.yml", "tasks:\n  a:\n    cmds:\n    - cmd: >\n        docker run\n        --privileged\n        x\n    - task: b\n    - docker run y\n    - silent: true\n      cmd: |\n        docker run z\n        docker run -v /:/h z\n    - {cmd: docker run w}\n    status: [docker run v]\n", ["run --privileged x", "run y", "run z", "run -v /:/h z", "run w", "run v"]),
    ("a list in brackets", ".gitlab-ci.yml", "a:\n  script: [true, docker run --privileged x,\"docker run -v /:/h y\" , 'docker run z']\n", ["run --privileged x", "run -v /:/h y", "run z"]),
    ("crontab", "crontab", "*/5 * * * * docker run --privileged x\n@reboot docker run --privileged y\n", ["run --privileged x", "run --privileged y"]),
    ("a system's crontab", "etc/cron.d/job", "0 1 * * 1-5 bob docker run --privileged x\n", ["run --privileged x"]),
    ("supervisor", "supervisord.conf", "[program:x]\ncommand=docker run --rm\n  --privileged x\nautostart=true\n", ["run --rm --privileged x"]),
    ("tox", "tox.ini", "[testenv]\ncommands =\n    docker run --privileged x\n    pytest\ncommands_pre = docker run -v /:/h y\n", ["run --privileged x", "run -v /:/h y"]),
    ("a loop over engines", "up.sh", 'for e in docker podman; do "$e" run --privileged x; done\n', ["run --privileged x"]),
    ("the engine that a menu chooses", "up.sh", "select e in podman docker; do $e run --privileged x; done\n", ["run --privileged x"]),
    ("an engine by its options", "up.sh", "read -r E\n$E run -it --network host x\nsudo $E run --cap-add ALL y\n", ["run -it --network host x", "run --cap-add ALL y"]),
    ("an engine by its variable's name", "up.sh", '"${CONTAINER_ENGINE}" run --rm x\n$SUDO $ENGINE run -v /:/h y\n', ["run --rm x", "run -v /:/h y"]),
    ("an engine of the environment", "up.sh", "$DOCKER run --privileged x\n${MY_PODMAN:?} run --rm y\n", ["run --privileged x", "run --rm y"]),
    ("the script's arguments", "up.sh", 'set -- --privileged x\ndocker run "$@"\n', ["run --privileged x"]),
    ("a value with variables", "up.sh", 'R="docker run --privileged -v $PWD:/x"\n$R y\nO="--rm -v $(pwd):/x"\ndocker run $O z\n', ["run --privileged -v $PWD:/x y", "run --rm -v $(pwd):/x z"]),
    ("a value of several steps", "up.sh", 'C="docker run"\nC="$C --privileged"\nC+=" -v $PWD:/x"\n$C y\n', ["run --privileged -v $PWD:/x y"]),
    ("an array with variables", "up.sh", 'A=(docker run -v "$PWD:/x")\n"${A[@]}" y\n', ["run -v $PWD:/x y"]),
    ("xargs", "up.sh", "cat l | xargs -n1 docker run --rm\nxargs -I{} docker run --rm {} <l\n", ['run --rm "$@"', "run --rm {}"]),
    ("parallel", "up.sh", "parallel docker run --rm {} ::: a b\nparallel -j2 'docker run --rm {}' ::: a\n", ["run --rm {}", "run --rm {}"]),
    ("find", "up.sh", "find . -name x -exec docker run --rm a {} \\;\n", ["run --rm a {}"]),
    ("a command in a command", "up.sh", 'echo "$(docker run --rm x)"\n$(docker run --rm y)\n', ["run --rm x", "run --rm y"]),
    ("another host's shell as another user", "up.sh", "ssh h sudo bash <<'EOF'\ndocker run --privileged x\nEOF\nssh -t h 'sudo -i' <<EOF\ndocker run --privileged y\nEOF\nssh h 'bash -s' <<EOF\ndocker run --rm z\nEOF\n", ["run --privileged x", "run --privileged y", "run --rm z"]),
    ("a value in make", "Makefile", "R = docker run --privileged -v $(PWD):/x\nrun:\n\t$(R) y\n", ["run --privileged -v ${PWD}:/x y"]),
    ("what is empty in make", "Makefile", "S =\nO :=\nrun:\n\t$(S) docker run $(O) --privileged x\n", ["run --privileged x"]),
    ("what is empty in cmd", "up.bat", "set O=\ndocker run %O% --privileged x\n", ["run --privileged x"]),
    ("what is empty in PowerShell", "up.ps1", "$O = ''\n$P = @()\ndocker run $O $P --privileged x\n", ["run --privileged x"]),
    ("a variable of make with an assignment", "Makefile", "R = A=1 docker run --privileged\nrun:\n\t@$(R) x\n", ["run --privileged x"]),
    ("a variable of make with a pipeline", "Makefile", "R = cat a | docker run -i x\nrun:\n\techo; ${R} y\n", ["run -i x y"]),
    ("a variable of make with several commands", "Makefile", "R = cd a && docker run x; docker run y\nrun:\n\t$(R)\n", ["run x", "run y"]),
    ("a function of make with several commands", "Makefile", "r = cd a && docker run --rm $(1)\nrun:\n\t$(call r,x)\n", ["run --rm $(call r,x)"]),
    ("a variable of make in quotes", "Makefile", "R = A=1 docker run x\nrun:\n\techo '$(R)'\n", []),
    ("variables of make that add too much", "Makefile", f"R = A={'x' * 9000} docker run x\nrun:\n" + "\t$(R)\n" * 30, ["run x"] * 22),
    ("a comment for a value in make", "Makefile", "R = # none\nrun:\n\tdocker run $(R) x y\n", ["run x y"]),
    ("a function in make", "Makefile", "r = $(ENGINE) run --rm $(1)\nrun:\n\t$(call r,x)\n", ["run --rm $(call r,x)"]),
    ("a command of make that is not whole, with a function", "Makefile", "R = $(D) run --rm -u $(shell id -u)\nS = $(R) -v /:/h x\nD = docker\nup:\n\t$(S) ls\n", ["run --rm -u $(S) -v /:/h x ls"]),
    ("functions of make", "Makefile", "X := $(shell docker run --rm x)\nrun:\n\t$(if $(X),docker run --rm y,docker run --rm z)\n\t$(foreach i,a b,docker run --rm $(i);)\n", ["run --rm x", "run --rm y", "run --rm z", "run --rm $(i)"]),
    ("an engine that another makefile sets", "Makefile", "include x.mk\nrun:\n\t$(E) run --privileged x\n", ["run --privileged x"]),
    ("a Dockerfile's commands", "Dockerfile", 'FROM docker:28\nRUN docker run --rm a\nHEALTHCHECK CMD docker run --rm b\nENTRYPOINT ["docker","run", "--rm","c"]\nCMD ["sh", "-c", "docker run --rm d"]\n', ["run --rm a", "run --rm b", "run --rm c", "run --rm d"]),
    ("arguments that a stage repeats", "Dockerfile", "ARG S=/s\nARG T=/t\nARG U\nFROM docker:28 AS a\nARG S\nARG T=/own\nARG U\nARG N\nRUN docker run -v $S:/s -v $T:/t $U $N\nFROM docker:28\nRUN docker run -v $S:/s b\nFROM a\nENV S=/later\nRUN docker run -v $S:/s -v $T:/t c\nARG S\nRUN docker run -v $S:/s d\nCMD docker run -v $S:/s -v $T:/t e\n", ["run -v /s:/s -v /own:/t $U $N", "run -v $S:/s b", "run -v /later:/s -v /own:/t c", "run -v /s:/s d", "run -v /later:/s -v $T:/t e"]),
    ("a Dockerfile's variables", "Dockerfile", "ARG G=g\nFROM docker:28 AS below\nENV S=/s O='--rm -v /a:/a'\nFROM below\nARG I=a\nARG U\nENV T=$S/t\nRUN docker run $O -v $T:/t $I $U\nENV S=/later\nRUN docker run -v $S:/s b\nCMD docker run -v $S:/s c\nENTRYPOINT [\"docker\", \"run\", \"-v\", \"$S:/s\", \"d\"]\n", ["run --rm -v /a:/a -v /s/t:/t a $U", "run -v /later:/s b", "run -v /later:/s c", "run -v $S:/s d"]),
    ("an empty array that is evaluated", "up.sh", 'A=()\neval "$A"\ndocker run x\n', ["run x"]),
    ("an array that is evaluated by its name, which is its first item", "up.sh", "A=('docker run -e B=\"c d\" x' b)\neval \"$A\"\n", ["run -e B=c d x"]),
    ("a Dockerfile's variable that a loop adds to", "Dockerfile", "FROM docker:28\nENV O=--rm\nRUN for i in 1 2; do O+=' -t'; docker run $O a; done\nRUN O+=' -t'; docker run $O b\n", ["run $O a", "run --rm -t b"]),
    ("a Dockerfile's texts", "docker/a.Dockerfile", "FROM docker:28\nRUN <<EOF\ndocker run --rm a\nEOF\nCOPY <<-'EOF' /bin/run.sh\n\tdocker run --rm b\n\tEOF\nRUN echo 'docker run --rm c' > /run.sh\n", ["run --rm a", "run --rm b", "run --rm c"]),
    ("a Dockerfile of any name", "builder", "FROM docker:28 AS x\nCMD docker run --rm a\n", ["run --rm a"]),
    ("Python's list", "a.py", 'subprocess.run(["docker", "run", "--privileged", IMAGE, f"--x={y}"])\nsubprocess.run(["docker", "run", *options, "x:1"])\n', ["run --privileged ${IMAGE} --x=${_} ${_[@]}", "run ${options[@]} x:1"]),
    ("Python's lists, added", "a.py", 'c = ["docker", "run"] + ["--rm", "x"]\nd = ["docker", "run", "--rm"]\nd += ["x"]\n', ["run --rm x", "run --rm ${_[@]}"]),
    ("Python's program and its name", "a.py", 'os.execvp("docker", ["docker", "run", "--rm", "x"])\n', ["run --rm x"]),
    ("strings of Python", "a.py", "os.system('docker run --rm x')\nos.system(f\"docker run --rm {y}/z\")\n", ["run --rm x", "run --rm {y}/z"]),
    ("Go", "a.go", 'exec.Command("docker", "run", "--privileged", image).Run()\n', ["run --privileged ${image}"]),
    ("JavaScript", "a.mjs", 'spawn("docker", ["run", "--privileged", "x"]);\nexecSync(`docker run --rm y`)\n', ["run --privileged x", "run --rm y"]),
    ("Rust", "a.rs", 'Command::new("docker").arg("run").args(["--rm", "x"]).arg(y);\nCommand::new("podman").args(&["run", "--rm", "z"]);\n', ["run --rm x ${y}", "run --rm z"]),
    ("Ruby and Java", "a.rb", 'system("docker", "run", "--rm", "x")\nnew ProcessBuilder("docker", "run", "--rm", "y")\n', ["run --rm x", "run --rm y"]),
    ("a program that a script feeds", "up.sh", 'python3 - <<EOF\nsubprocess.run(["docker","run","--privileged","x"])\nEOF\ncat > a.py <<EOF\nrun(["docker", "run", "--rm", "y"])\nEOF\n', ["run --privileged x", "run --rm y"]),
    ("Terraform", "main.tf", 'user_data = <<-EOT\n  #!/bin/sh\n  docker run x\n  EOT\ncommand = "docker run --rm y"\ninline = ["docker run --rm ${var.z}"]\n', ["run x", "run --rm y", "run --rm ${var.z}"]),
    ("words of Ansible, which no shell reads", "play.yml", "- command:\n    cmd: |\n      {{ docker }} run\n      --rm\n      --name={{ a }}\n      x:1\n      node\n", ["run --rm --name={{ a }} x:1 node"]),
    ("words of Ansible's module", "play.yml", "- ansible.builtin.command: |\n    docker run\n    -d x:1\n    id\n", ["run -d x:1 id"]),
    ("lines of a shell", "ci.yml", "- run:\n    command: |\n      docker run a\n      docker run \\\n        --rm b\n", ["run a", "run --rm b"]),
    ("lines of another key", "ci.yml", "run: |\n  docker run a\n  -d x\n", ["run a"]),
    ("letters by their numbers in a unit", "a.service", r"""[Service]
ExecStart=docker run --p\x72ivileged -v \x2f:\057m -e \u00e9\U0001F600 x:1 \x00 \ud800 \U00110000 \400 \x4
""", ["run --privileged -v /:/m -e é😀 x:1 x00 ud800 U00110000 400 x4"]),
    ("tasks of Ansible", "play.yml", "- ansible.builtin.shell: |\n    docker run a\n- copy:\n    dest: x\n    content: |\n      docker run --rm b\n", ["run a", "run --rm b"]),
    ("files of a mapping", "a.yaml", "data:\n  run.sh: |\n    docker run a\n  other: |\n    docker run b\n", ["run a"]),
    ("Compose", "up.sh", "docker compose -f a.yml --profile b run --rm -v /:/h web sh\ndocker-compose -p x exec --privileged web sh\npodman-compose run -p 1:2 web\n", ["compose run --rm -v /:/h web sh", "compose exec --privileged web sh", "compose run -p 1:2 web"]),
    ("mise", "mise.toml", '[tasks.up]\nrun = "docker run --privileged -e \\"A=b\\" x"\n', ["run --privileged -e A=b x"]),
    ("tasks of Python's projects", "pyproject.toml", "[tool.poe.tasks]\nup = 'docker run --privileged x'\n[tool.x]\nup = 'docker run --rm y'\n", ["run --privileged x"]),
    ("cloud-init", "user-data.yaml", "runcmd:\n- docker run --privileged x\n", ["run --privileged x"]),
    ("a list in brackets", "a.yml", "script: ['docker run a', docker run -v /:/h b]\n", ["run a", "run -v /:/h b"]),
    ("a mapping in braces", "a.yml", "a: {script: [\"docker run a\", 'docker run b'], name: docker run c}\n", ["run a", "run b"]),
    ("a step in braces", "a.yml", "- run: {name: x, command: docker run --rm a}\n", ["run --rm a"]),
    ("a text in braces", "a.yml", "{a: {script: 'docker run -e A=\"b,c\" d'}, b: {run: \"docker run \\\"e\\\"\"}}\n", ["run -e A=b,c d", "run e"]),
    ("JSON that is called YAML", "a.yml", '{"a": {"script": ["docker run a"]}}\n', ["run a"]),
    ("PowerShell", "up.ps1", '$I = "x:1"\ndocker run --rm `\n  -v c:\\data:/data `\n  --privileged $I\n', ["run --rm -v c:\\data:/data --privileged x:1"]),
    ("a splatted array of PowerShell", "up.ps1", "[string[]] $Args2 = @(\n  \"run\", '--rm'  # why\n  \"-v\", \"$env:HOME`\"x:/a\"\n  $more\n)\n$args2 += '--privileged'\n$args2 += Get-More\ndocker @Args2 x\n", ['run --rm -v $env:HOME"x:/a ${more} --privileged ${_} x']),
    ("a list of PowerShell as an argument", "up.ps1", "$a = 'run',\n  \"x\", 'it''s'\ndocker $A\n", ["run x it's"]),
    ("an array with a variable", "up.ps1", "$I = 'x:1'\n$a = @('run', $i, \"$i\")\ndocker @a\n", ["run x:1 $i"]),
    ("an array that is not known", "up.ps1", "docker run @a x\n$b = @{name = 'x'}\n$c = @('x')\n$c = @('y')\ndocker run @b @c y\n", ["run ${a} x", "run ${b} ${c} y"]),
    ("what is no array", "up.ps1", "docker run x:1 @scope/y a@b\n", ["run x:1 @scope/y a@b"]),
    ("Start-Process", "up.ps1", "Start-Process docker -ArgumentList \"run --privileged x\" -Wait\nstart -NoNewWindow -FilePath 'C:\\bin\\docker.exe' -Args 'run', '--pid=host',\n  \"y\"; Start-Process notepad 'docker run no'\n", ["run --privileged x", "run --pid=host y"]),
    ("Start-Process with variables", "up.ps1", "$a = @('run', '--rm')\n$b = 'a b'\nStart-Process -FilePath podman -WorkingDirectory $x -ArgumentList ($a + $b + $c)\n", ["run --rm a b $c"]),
    ("Start-Process by position", "up.ps1", "saps docker @('run', '--rm', 'x')\n[System.Diagnostics.Process]::Start(\"docker\", \"run --privileged y\")\n", ["run --rm x", "run --privileged y"]),
    ("an engine in a variable of cmd", "up.bat", 'set ENGINE=docker\nset "POD=podman.exe"\n%engine% run a\nif exist x (%POD% run b) else %Other% run c\nset two=docker\nset TWO=podman\n%two% run d\n', ["run a", "run b"]),
    ("an engine in a variable of PowerShell", "up.ps1", "$engine = \"docker\"\n$bin = 'C:\\Program Files\\Docker\\docker.exe'\n& $Engine run a\nif ($x) { & ${bin} run b }\n& $other run c\n", ["run a", "run b"]),
    ("PowerShell's environment", "up.ps1", "$id = docker run -d -v $env:USERPROFILE\\.aws:/a x\n", ["run -d -v ${USERPROFILE}\\.aws:/a x"]),
    ("cmd", "up.bat", "@echo off\nset I=x:1\ncall docker run ^\n  -v %CD%:/a ^\n  --privileged %I%\n", ["run -v %CD%:/a --privileged x:1"]),
    ("blocks within PowerShell", "R.md", "```powershell\n# docker run no\nif ($x) {\n  docker run <image>\n}\nforeach ($i in 1..3) { docker run `\n  --privileged b }\n$y = docker run c\n```\n", ["run <image>", "run --privileged b", "run c"]),
    ("a block of PowerShell", "R.md", "```powershell\ndocker run `\n  -v c:\\data:/data `\n  --privileged x\n```\n", ["run -v c:\\data:/data --privileged x"]),
    ("a block of cmd", "R.md", "```cmd\ndocker run ^\n  -v %CD%:/data ^\n  --privileged x\n```\n", ["run -v %CD%:/data --privileged x"]),
    ("an item of a list within a list", "R.md", "- a\n\n    - see `docker run --hostname`\n", []),
    ("the text of an item", "R.md", "1. a\n\n    Say `docker run --hostname`, or\n    `docker run --rm x`.\n", ["run --rm x"]),
    ("a block that is indented", "R.md", "a\n\n    A=1\n    docker run --rm x\n", ["run --rm x"]),
    ("a Windows path in a block", "R.md", "```\ndocker run -v c:\\data:c:\\app x:1\n```\n", ["run -v c:\\data:c:\\app x:1"]),
    ("a quoted Windows path", "R.md", "```sh\ndocker run -v \"c:\\my data:/d\" -v 'd:\\x:/x' x:1\n```\n", ["run -v c:\\my data:/d -v d:\\x:/x x:1"]),
    ("a block of any language", "R.md", "```coffeescript\ndocker run --privileged x:1\n```\n", ["run --privileged x:1"]),
    ("a block of Python with a line", "R.md", "```python\nimport os\nsudo docker run --rm x\n```\n", ["run --rm x"]),
    ("a block of YAML", "R.md", "```yaml\nscript:\n- docker run --privileged x:1\n```\n", ["run --privileged x:1"]),
    ("a block in HTML", "R.md", "<pre><code>docker run --privileged x &amp;&amp; docker run -v /:/h y</code></pre>\n", ["run --privileged x", "run -v /:/h y"]),
    ("several lines in HTML", "R.md", "<pre>\n$ <b>docker run</b> --privileged x\n</pre>\ndocker run --rm y\n", ["run --privileged x"]),
    ("inline code", "R.md", "Use `docker run --privileged x:1`, or ``docker run -v /:/h y``.\n", ["run --privileged x:1", "run -v /:/h y"]),
    ("prompts of Windows", "R.md", "```\nPS> docker run --privileged x\nPS C:\\me> docker run -it y\nC:\\>docker run -d z\nout\n```\n", ["run --privileged x", "run -it y", "run -d z"]),
    ("an indented block of a text", "INSTALL", "Do:\n\n    $ docker run --privileged x\n", ["run --privileged x"]),
    ("a literal block", "a.rst", "Do::\n\n  docker run --privileged x\n   docker run y\n\nNot docker run z\n", ["run --privileged x", "run y"]),
    ("a directive for code", "a.rst", "* .. code-block:: bash\n     :linenos:\n\n     $ docker run --privileged x\n     docker run y\n", ["run --privileged x"]),
    ("code of another language", "a.rst", ".. code:: Python\n\n  x = 'docker run y'\n  docker run x\n", ["run x"]),
    ("other directives", "a.rst", ".. note::\n  docker run x\n.. code::\n   :a:\n", []),
    ("a listing of AsciiDoc", "a.adoc", "[source,bash]\n----\ndocker run --privileged x\n\ndocker run y\n----\ndocker run z\n", ["run --privileged x", "run y"]),
    ("a literal block of AsciiDoc", "a.asciidoc", ".Run\n....\ndocker run x\n....\n", ["run x"]),
    ("a listing in another language", "a.adoc", "[source, Python]\n----\nx = 'docker run y'\ndocker run x\n----\n", ["run x"]),
    ("an underlined title of AsciiDoc", "a.adoc", "Run it\n------\ndocker run x\n", []),
    ("a listing at the start that nothing ends", "a.adoc", "----\ndocker run x", ["run x"]),
    ("dashes in Markdown", "a.md", "----\ndocker run x\n----\n", []),
    ("reStructuredText", "a.rst", "Do::\n\n    docker run --privileged x\n", ["run --privileged x"]),
]  # fmt: skip


def lines(name: str, text: str) -> list[str]:
    return [
        " ".join((run.verb, *(word.text for word in run.arguments))) for run in find_run_commands(Source(name, text))
    ]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [pytest.param(name, text, expected, id=sense) for sense, name, text, expected in FOUND],
)
def test_run_lines_are_found_where_people_write_them(name: str, text: str, expected: list[str]) -> None:
    assert lines(name, text) == expected
    document = formats.read("run", Source(name, text))
    assert not document.errors
    assert sum(isinstance(subject.noun, Container) for subject in document.subjects) == len(expected)


LOOK_ALIKES = [
    ("prose", "R.md", "You can docker run this image.\ndocker run is the command\nthat docker run --privileged needs.\n"),
    ("prose in a text", "notes.txt", "docker run --privileged is dangerous, said\ndocker run to start\n"),
    ("the command's name as code", "R.md", "Use `docker run`, `docker run --privileged` or `docker create`.\n"),
    ("a plain example as code", "R.md", "For example `docker run nginx`.\n"),
    ("usage as code", "R.md", "`docker run [OPTIONS] IMAGE`, `docker run -d IMAGE`, `docker run ... -v x`\n"),
    ("an image that is none", "R.md", "`docker run --rm YOUR_IMAGE`, `docker run --rm <image>`\n"),
    ("a heading", "R.md", "# docker run --rm x\n\ndocker run\n----------\n"),
    ("a table", "R.md", "| docker run --rm x | starts |\n|---|---|\n"),
    ("a link", "R.md", '[docker run](https://docs.docker.com/reference/run/ "docker run --rm")\n'),
    ("a comment in HTML", "R.md", "<!-- docker run --privileged x -->\n"),
    ("output of a session", "R.md", "```console\n$ docker ps\nCOMMAND: docker run --privileged x\n```\n"),
    ("a string of Python", "R.md", "```python\nos.system('docker run --rm x')\n# docker run --rm x\n```\n"),
    ("an instruction", "R.md", "```dockerfile\nRUN docker run --rm x\n```\n"),
    ("a key of YAML", "R.md", "```yaml\nx: docker run --rm y\n```\n"),
    ("a description in JSON", "package.json", '{"description": "Use docker run --rm to start it", "x": "docker run"}'),
    ("a message of a program", "up.sh", 'echo "docker run --rm x"\nprintf "%s" "docker run x"\n'),
    ("a comment in PowerShell", "up.ps1", "# docker run --rm x\n<#\ndocker run --rm x\n#>\n"),
    ("a comment in cmd", "up.cmd", "rem docker run --rm x\n:: docker run --rm x\n@REM docker run --rm x\n"),
    ("a comment in a crontab", "crontab", "# 1 2 3 4 5 docker run --rm x\n"),
    ("a comment in a justfile", "justfile", "up:\n    # docker run --rm x\n    echo docker run --rm x\n"),
    ("a message in a Jenkinsfile", "Jenkinsfile", "echo 'docker run --rm x'\n// sh docker run\n"),
    ("a setting that is no command", "a.conf", "description = docker run --rm x\n"),
    ("a text of an unknown kind", "policy.cil", "(block docker\n  docker run\n  docker run nginx\n)\n"),
    ("words that are left out, as code", "R.md", "`docker run -e A=b ...`, `docker run ... -v x:/y`\n"),
    ("a message without quotes", "up.sh", "echo docker run --rm x\nlog docker run --rm x\ndie 3 docker run failed\ngrep docker run --rm x\n"),
    ("a variable of another program", "up.sh", "# docker\n$COMPOSE run --rm x\n$DOCKER_COMPOSE run --rm x\n$KUBECTL run x --image=y --privileged\n$UV run --with x y\n$CARGO run --release -- --network x\n$1 run --rm x\n"),
    ("words of a program", "a.py", 'print("docker run")\nENGINES = ["docker", "podman"]\nhelp("use docker run to start it")\n'),
    ("what Compose starts as its files say", "up.sh", "docker compose run --rm web\ndocker-compose exec -T -u root web sh\ndocker compose up -d\ndocker compose\ndocker-compose -f\n"),
    ("another function", "up.sh", 'd(){ kubectl "$@"; }\nd run --rm x\n'),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text"), [pytest.param(name, text, id=sense) for sense, name, text in LOOK_ALIKES])
def test_a_look_alike_is_no_run_line(name: str, text: str) -> None:
    document = formats.read("run", Source(name, text))
    assert [subject.name for subject in document.subjects] == []
    assert not document.errors


@pytest.mark.parametrize(
    ("name", "part"),
    [
        pytest.param("R.md", "`docker run --rm x` ", id="code spans"),
        pytest.param("R.md", "`", id="backquotes"),
        pytest.param("ci.yml", "{run: [docker,", id="lists in braces"),
        pytest.param("ci.yml", "{run: 'docker", id="quotes in braces"),
        pytest.param("R.md", "<pre>docker run ", id="HTML"),
        pytest.param("R.md", "```powershell\ndocker run `\n", id="continuations"),
        pytest.param("up.ps1", "docker run `\n", id="PowerShell"),
        pytest.param("up.ps1", "<#docker", id="comments of PowerShell"),
        pytest.param("up.sh", "d(){ docker x \n}\n", id="functions"),
        pytest.param("up.sh", "alias d=docker x ", id="aliases"),
        pytest.param("a.json", '"docker', id="JSON"),
        pytest.param("Jenkinsfile", "sh(a: ", id="steps"),
        pytest.param("Jenkinsfile", "sh a: b, ", id="steps with names"),
        pytest.param("Jenkinsfile", "sh 'docker", id="strings"),
        pytest.param("crontab", "* ", id="fields"),
        pytest.param("crontab", "1 2 3 4 docker ", id="jobs"),
        pytest.param("a.conf", "command = docker\n ", id="settings"),
        pytest.param("justfile", "  docker {{ x \\\n", id="recipes"),
        pytest.param("up.bat", "%x", id="variables"),
    ],
)
@pytest.mark.untraced
def test_a_long_text_takes_linear_time(name: str, part: str) -> None:
    formats.read("run", Source(name, "docker run\n" + part * (200_000 // len(part))))
