"""The forms of files that sealock recognises and does not evaluate."""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

from sealock.formats import detection


class UnevaluatedForm(Struct, frozen=True):
    """A form of file: the pattern of its path, that of its text ("" for any), its kind, and why it is not evaluated.

    A path that fits has one of `endings` in lower case, a text one of `words`, which are quick to look for; () where
    that is not known.
    """

    path: str
    text: str
    kind: str
    reason: str
    endings: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


_YAML: Final = (".yml", ".yaml")
FORMS: Final = (
    UnevaluatedForm(
        r"(.*/)?Chart\.ya?ml", r"^apiVersion\s*:", "helm", "Helm charts are not checked without --render", _YAML
    ),
    UnevaluatedForm(
        r"(.*/)?values([._-][^/]*)?\.ya?ml",
        r"^[ \t]*(?:- +)?[\"']?\w*(?:[iI]mage|[rR]epository)[\"']?[ \t]*:",
        "helm",
        "the images in values of Helm charts are not checked",
        _YAML,
    ),
    UnevaluatedForm(
        r"(.*/)?kustomization(\.ya?ml)?",
        r"^[\"']?(?:images|helmCharts)[\"']?[ \t]*:",
        "kustomize",
        "the images of a kustomization are not checked without --render",
        (*_YAML, "kustomization"),
    ),
    *(
        UnevaluatedForm(
            rf"(.*/)?{name}\.ya?ml(?:{'|'.join(map(re.escape, detection.TEMPLATE_ENDINGS))})",
            text,
            "compose",
            "templates of compose files are not checked; check what is made of them",
            detection.TEMPLATE_ENDINGS,
        )
        for name, text in ((r"[^/]*compose[^/]*", ""), (r"[^/]*", r"^services[ \t]*:"))
    ),
    UnevaluatedForm(
        r"(.*/)?[^/]*\.(json|ya?ml|tf)(\.[^/.]*)?",
        r"\"?\b(containerDefinitions|ContainerDefinitions)\"?\s*[:=]",
        "ecs",
        "ECS task definitions are not checked",
        words=("ontainerDefinitions",),
    ),
    UnevaluatedForm(
        r".*\.(nomad|hcl)(\.[^/.]*)?",
        r"\bdriver\s*=\s*\"(docker|podman|containerd-driver)\"",
        "nomad",
        "Nomad jobs are not checked",
    ),
    UnevaluatedForm(
        r".*\.tf(\.json)?",
        r"\"(docker_(container|service|image)|aws_(ecs_task_definition|batch_job_definition|apprunner_service|lightsail"
        r"_container\w*)|google_cloud_run\w*|azurerm_container_\w+|kubernetes_\w+|nomad_job|podman_\w+)\"",
        "terraform",
        "containers that Terraform declares are not checked",
        (".tf", ".tf.json"),
    ),
    UnevaluatedForm(
        r".*\.ya?ml",
        # Playbooks and tasks are lists: the same word in a mapping is a job or a setting that somebody named so.
        r"\A(?:(?:---|%|[ \t\r]*(?:#|$)).*\n)*[ \t]*-[ \t](?:.*\n)*?"
        r"[ \t]*(?:- +)?(?:\w+\.\w+\.)?(?:docker_(?:container|compose|compose_v2\w*|swarm_service|stack|image\w*|"
        r"service)|podman_(?:container|pod|play|image)|containers\.podman\.\w+)\s*:",
        "ansible",
        "containers that Ansible modules declare are not checked",
        _YAML,
        ("docker_", "podman"),
    ),
    UnevaluatedForm(
        # `base.yml` and `.config/molecule/config.yml` hold what scenarios have in common.
        r"(.*/)?molecule/(.*/)?[^/]*\.ya?ml",
        r"^platforms[ \t]*:",
        "ansible",
        "the platforms that Molecule tests roles on are not checked",
        _YAML,
        ("platforms",),
    ),
    UnevaluatedForm(
        r"(.*/)?(\.cirrus|\.semaphore/.*|buildspec[^/]*)\.ya?ml",
        r"(?:^[ \t]*(?:- +)?|[{,\[][ \t]*)[\"']?(?:image|docker|container|containers)[\"']?\s*:",
        "pipeline",
        "the containers that a pipeline runs in are not checked",
        _YAML,
    ),
    UnevaluatedForm(
        r"(.*/)?[^/]*Jenkinsfile[^/]*|.*\.(groovy|jenkins(file)?)",
        r"\b(docker|podman|dockerfile|kubernetes)\s*\{|\bdocker\.(image|build|withRegistry)\b|\b(withRun|inside)\s*\(",
        "jenkins",
        "containers that Jenkins runs a pipeline in are not checked",
    ),
    UnevaluatedForm(
        r".*\.ya?ml",
        r"^[ \t]*(?:- +)?[\"']?type[\"']?\s*:\s*[\"']?(?:registry|docker)-image\b",
        "pipeline",
        "the images of Concourse's pipelines are not checked",
        _YAML,
        ("registry-image", "docker-image"),
    ),
    UnevaluatedForm(
        r"(.*/)?\.pre-commit-(config|hooks)\.ya?ml",
        r"\blanguage\s*:\s*[\"']?docker",
        "pre-commit",
        "containers that hooks of pre-commit run in are not checked",
        _YAML,
    ),
    UnevaluatedForm(
        r"(.*/)?(fly\.toml|render\.ya?ml|Dockerrun\.aws\.json|[^/]*\.bicep)",
        r"\b[iI]mage\"?\s*[:=]",
        "platform",
        "the images that a hosting platform starts are not checked",
        (*_YAML, "fly.toml", ".bicep", "dockerrun.aws.json"),
    ),
    UnevaluatedForm(
        r".*\.ya?ml",
        r"^applications[ \t]*:(?:.*\n){1,200}?[ \t]+docker[ \t]*:\s*(?:\{\s*)?image[ \t]*:",
        "platform",
        "the images that a hosting platform starts are not checked",
        _YAML,
        ("applications",),
    ),
    UnevaluatedForm(
        r".*\.(?:ya?ml|json)",
        r"^[ \t{]*[\"']?captainVersion[\"']?[ \t]*:",
        "platform",
        "the images that a hosting platform starts are not checked",
        (*_YAML, ".json"),
        ("captainVersion",),
    ),
    UnevaluatedForm(
        r"(.*/)?werf[^/]*\.ya?ml",
        r"^(?:from|image|fromImage)[ \t]*:",
        "werf",
        "the images that werf builds are not checked",
        _YAML,
    ),
    UnevaluatedForm(
        r".*\.pkr\.(hcl|json)",
        r"\bdocker\b",
        "packer",
        "images that Packer builds are not checked",
        (".pkr.hcl", ".pkr.json"),
    ),
    UnevaluatedForm(
        r".*\.artifact",
        r"^\[Artifact\]",
        "quadlet",
        "the artifacts that units of Quadlet pull are not checked",
        (".artifact",),
    ),
    UnevaluatedForm(
        r"(.*/)?[^/]*(Earthfile|\.earth)",
        r"^\s*FROM\b",
        "earthfile",
        "Earthfiles are not checked",
        ("earthfile", ".earth"),
    ),
    UnevaluatedForm(
        r"(.*/)?(Singularity(\.[^/]*)?|Apptainer(\.[^/]*)?|[^/]*\.def)",
        r"^\s*Bootstrap\s*:",
        "apptainer",
        "definition files of Apptainer are not checked",
    ),
    UnevaluatedForm(
        r"(.*/)?Vagrantfile",
        r"\bdocker\b|\bpodman\b",
        "vagrant",
        "containers that Vagrant declares are not checked",
        ("vagrantfile",),
    ),
    UnevaluatedForm(
        r".*\.(?:spdx|ya?ml|rdf|xml|json)",
        r"^SPDXVersion:[ \t]*SPDX-|^spdxVersion[ \t]*:|//spdx\.org/rdf/terms|//cyclonedx\.org/schema/bom/"
        r"|//raw\.githubusercontent\.com/anchore/syft/[^\"\s]*schema",
        "sbom",
        "SBOMs are read as JSON of CycloneDX or SPDX; have this one converted",
        (".spdx", *_YAML, ".rdf", ".xml", ".json"),
        ("SPDXVersion", "spdxVersion", "spdx.org/rdf", "cyclonedx.org/schema/bom", "anchore/syft"),
    ),
    UnevaluatedForm(
        r"(.*/)?project\.toml",
        r"\bbuildpacks\b|io\.buildpacks",
        "buildpack",
        "project descriptors of buildpacks are not checked",
        ("project.toml",),
    ),
    UnevaluatedForm(
        r".*\.ya?ml",
        r"^[ \t]*(?:- )?(?:initC|c)ontainers:[ \t]*\r?\n[ \t]*- (?:[^\n]*\n){0,4}?[ \t]*(?:- )?image:",
        "kubernetes",
        "pods within other files than manifests are not checked, such as those of Prow's jobs",
        _YAML,
        ("ontainers:",),
    ),
)
"""The first that fits a path and text; run lines in the same text are read all the same."""
