"""Each shape of a token has its row, and each credential in an address or a header.

No token stands here: `<A30>` stands for 30 letters and digits that are drawn when the test runs.
"""

from __future__ import annotations

import re
import string
from base64 import b64encode

import pytest

from sealock.model.finding import Confidence
from sealock.secrets.search import SecretMatch, find_anchors, find_by_shape
from sealock.secrets.tokens import TokenMatch, find_credential_urls, find_tokens
from sealock.secrets.values import find_in_text, find_secret
from support.madesecrets import HEX, UPPER, Maker

HIGH, MEDIUM, LOW = Confidence.HIGH, Confidence.MEDIUM, Confidence.LOW
ALPHABETS = {
    "A": string.ascii_letters + string.digits,
    "B": string.ascii_uppercase + "234567",
    "D": string.digits,
    "H": HEX,
    "L": string.ascii_lowercase + string.digits,
    "U": UPPER,
}
SHAPES = {
    "an AWS access key": "AKIA<B16> ASIA<B16>",
    "a GitHub token": "ghp_<A30> gho_<A30> ghu_<A30> ghs_<A30> ghr_<A30> github_pat_<A40>",
    "a GitLab token": "glpat-<A20> gldt-<A20> glrt-<A20> glptt-<H40> glsoat-<A20> glcbt-<A20> glagent-<A50> glft-<A20>"
    " glrtr-<A20> glffct-<A20> glimt-<A20>",
    "a Slack token": "xoxb-<D12>-<A10> xapp-<D1>-<U8>-<D8>-<A10> xoxe.xoxb-1-<A100> xoxc-<D12>-<A10> xoxd-<A50>",
    "a Slack webhook": "hooks.slack.com/services/T<A9>/B<A9>/<A16>",
    "a Discord webhook": "discord.com/api/webhooks/<D9>/<A40>",
    "a Stripe key": "sk_live_<A16> rk_live_<A16> sk_test_<A16> sk_prod_<A16> rk_test_<A16>",
    "a webhook signing secret": "whsec_<A24>",
    "a Google API key": "AIza<A35>",
    "a Google OAuth token": "ya29.<A20>",
    "a Google client secret": "GOCSPX-<A28>",
    "an npm token": "npm_<A36>",
    "a PyPI token": "pypi-<A50>",
    "a RubyGems key": "rubygems_<H48>",
    "a Docker access token": "dckr_pat_<A20> dckr_oat_<A20>",
    "a JSON web token": "eyJ<A8>.eyJ<A8>.<A8>",
    "a SendGrid key": "SG.<A16>.<A30>",
    "a Brevo key": "xkeysib-<H64>-<A16>",
    "an Anthropic key": "sk-ant-<A20>",
    "an OpenAI-style key": "sk-1<A31> sk-proj-1<A31>",
    "a Hugging Face token": "hf_<A30>",
    "a Groq key": "gsk_<A40>",
    "an age private key": "AGE-SECRET-KEY-1<U50>",
    "a DigitalOcean token": "dop_v1_<H64> doo_v1_<H64> dor_v1_<H64>",
    "a Shopify token": "shpat_<H32> shpca_<H32> shppa_<H32>",
    "a Shopify secret": "shpss_<H32>",
    "a Vault token": "hvs.<A24> hvb.<A100> hvr.<A24>",
    "a Doppler token": "dp.pt.<A40>",
    "a Terraform Cloud token": ".atlasv1.<A60>",
    "a Postman key": "PMAK-<H24>-<H34>",
    "a New Relic key": "NRAK-<U27> NRAA-<H27> NRII-<A32>",
    "a Grafana token": "glsa_<A32>_<H8> glc_<A32>",
    "a Sentry token": "sntrys_<A40> sntryu_<H64>",
    "a Linear key": "lin_api_<A40>",
    "an Atlassian token": "ATATT3<A60>",
    "a Bitbucket token": "ATBB<A32> ATCTT3<A60>",
    "a Pulumi token": "pul-<H40>",
    "a Figma token": "figd_<A40>",
    "a Square secret": "sq0csp-<A43>",
    "a Databricks token": "dapi<H32>",
    "an Artifactory key": "AKCp<A60>",
    "a NuGet key": "oy2<L43>",
    "an Alibaba Cloud key": "LTAI<A20>",
    "a Fly token": "fo1_<A43> fm2_<A100>",
    "a Tailscale key": "tskey-auth-<A9>-<A16> tailscale-authkey-<A20>",
    "a GitLab secret": "gloas-<A64>",
    "a crate registry token": "cio<A32>",
    "a Clojars token": "CLOJARS_<L60>",
    "an Artifactory token": "cmVmdGtu<A56>",
    "an AWS Bedrock key": "ABSK<A100> bedrock-api-key-<A40>",
    "a Square token": "sq0atp-<A22>",
    "a Braintree token": "access_token$production$<L16>$<H32>",
    "a Flutterwave key": "FLWSECK-<H32>-X",
    "an EasyPost key": "EZAK<A54>",
    "a Sourcegraph token": "sgp_<H40>",
    "a 1Password token": "ops_eyJ<A250>",
    "a Prefect key": "pnu_<A36>",
    "a ReadMe key": "rdme_<L70>",
    "a PlanetScale token": "pscale_tkn_<A32> pscale_oauth_<A32>",
    "a PlanetScale password": "pscale_pw_<A32>",
    "a Netlify token": "nfp_<A36>",
    "a Render key": "rnd_<A28>",
    "a Buildkite token": "bkua_<H40>",
    "a CircleCI token": "CCIPAT_<A20>_<H40>",
    "an OpenShift token": "sha256~<A43>",
    "an xAI key": "xai-<A70>",
    "a Perplexity key": "pplx-<A48>",
    "a Replicate token": "r8_<A37>",
    "a LangSmith key": "lsv2_pt_<H32>_<H10>",
    "a Mapbox token": "sk.eyJ<A60>.<A20>",
    "a Notion token": "secret_<A43> ntn_<D11><A35>",
    "a PostHog key": "phx_<A43>",
    "a Dynatrace token": "dt0c01.<U24>.<U64>",
    "an Airtable token": "pat<A14>.<H64>",
    "a Cloudflare key": "v1.0-<H24>-<H146>",
    "an Adobe secret": "p8e-<A32>",
    "a 1Password secret key": "A3-<U6>-<U11>-<U5>-<U5>-<U5>",
    "a Defined Networking key": "dnkey-<L26>-<L52>",
    "a Duffel token": "duffel_test_<A43>",
    "a Dropbox token": "sl.<A130>",
    "a Frame.io token": "fio-u-<A64>",
    "a Heroku key": "HRKU-AA<A58>",
    "an Infracost key": "ico-<A32>",
    "a Teams webhook": "webhook.office.com/webhookb2/<A60>/IncomingWebhook/<L32>/<L36>",
    "a Scalingo token": "tk-us-<A48>",
    "a Shippo key": "shippo_live_<H40>",
    "a SonarQube token": "squ_<H40> sqp_<H40> sqa_<H40>",
    "a Typeform token": "tfp_<A59>",
    "a Yandex key": "AQVN<A35>",
    "a GitLab session": "gitlab_session=<H32>",
    "a Harness token": "pat.<A22>.<H24>.<A20>",
    "a SettleMint token": "sm_aat_<A16>",
    "a Linear token": "lin_oauth_<H64>",
    "a Google refresh token": "1//0<A40>",
    "an NVIDIA key": "nvapi-<A60>",
    "a Pinecone key": "pcsk_<A5>_<A50>",
    "an Astra DB token": "AstraCS:<U24>:<H64>",
    "a Neon key": "napi_<L60>",
    "a Supabase token": "sbp_<H40>",
    "a Supabase key": "sb_secret_<A30>",
    "a Resend key": "re_<A8>_<A23>7",
    "a MailerSend token": "mlsn.<H64>",
    "a Tavily key": "tvly-<A32> tvly-dev-<A32> tvly-prod-<A32>",
    "a W&B key": "wandb_v1_<A60>",
    "a Jina key": "jina_<H32><A28>",
    "an E2B key": "e2b_<H40>",
    "a Logfire token": "pylf_v1_us_<A40> pylf_v1_eu_<A40>",
    "an Apify token": "apify_api_<A36>",
    "a Cal.com key": "cal_live_<H32>",
    "a DevCycle key": "dvc_server_<A36>",
    "a LaunchDarkly key": "sdk-<H8>-<H4>-4<H3>-8<H3>-<H12>",
    "an Azure storage key": "AccountKey=<A40>",
    "an Azure access key": "SharedAccessKey=<A40>",
    "an Azure access signature": "SharedAccessSignature=<A30>",
}
"""Tokens of services, as short as each may be."""
CHECKED = {"an npm token", "a PyPI token", "a JSON web token", "an age private key"}
"""Tokens that end in check digits or hold text, which what is drawn here does not."""
ROWS = [pytest.param(shape, kind, id=shape) for kind, shapes in SHAPES.items() for shape in shapes.split()]
make = Maker(9)


def drawn(shape: str) -> str:
    return re.sub(r"<(\w)(\d+)>", lambda part: make.drawn(int(part[2]), ALPHABETS[part[1]]), shape)


def by_shape(text: str) -> list[SecretMatch]:
    return list(find_by_shape(text, find_anchors(text.encode())))


@pytest.mark.parametrize(("shape", "kind"), ROWS)
def test_a_token_is_known_wherever_it_stands(shape: str, kind: str) -> None:
    token = drawn(shape)
    assert list(find_tokens(f"use {token} now"))[:1] == [TokenMatch(kind, 4, 4 + len(token))]
    assert getattr(find_secret("ANYTHING", token), "kind", None) == kind
    matches = by_shape(f"use {token} now")
    checked = kind in CHECKED or shape.startswith("gh")
    if not checked:
        assert [(match.kind, match.start, match.end) for match in matches] == [(kind, 4, 4 + len(token))]


@pytest.mark.parametrize(("shape", "kind"), ROWS)
def test_a_token_that_is_too_short_or_in_a_word_is_none(shape: str, kind: str) -> None:
    token = drawn(shape)
    if shape in {"xoxe.xoxb-1-<A100>", "sk-proj-1<A31>"}:
        return  # a shorter form exists
    cut = "X" if shape.endswith("-X") else token[-1]
    assert kind not in {match.kind for match in find_tokens(f"use {token.removesuffix(cut)} now")}
    if shape[0].isalnum():
        assert kind not in {match.kind for match in find_tokens(f"use z{token} now")}


@pytest.mark.parametrize(
    ("shape", "kind", "confidence"),
    [
        ("ATBB<A32>", "a Bitbucket token", HIGH),
        ("hf_<A30>", "a Hugging Face token", MEDIUM),
        ("$6$<A8>$<A86>", "a password hash", HIGH),
        ("$6$rounds=5000$<A8>$<A86>", "a password hash", HIGH),
        ("$5$<A8>$<A43>", "a password hash", HIGH),
        ("$y$<A3>$<A20>$<A43>", "a password hash", HIGH),
        ("$apr1$<A8>$<A22>", "a password hash", HIGH),
        ("$argon2id$v=19$m=65536,t=3,p=4$<A22>$<A43>", "a password hash", HIGH),
        ("$2y$10$<A53>", "a password hash", HIGH),
        ("$2a$10$<A53>", "a password hash", HIGH),
        ("$2b$10$<A53>", "a password hash", HIGH),
        ("<D9>:AA<A33>", "a Telegram bot token", HIGH),
        ("<A3>8Q~<A31>", "an Azure secret", HIGH),
        ("key-<H32>", "a Mailgun key", HIGH),
        ("<H36>NRAL", "a New Relic key", HIGH),
        ("<H40>NRAL", "a New Relic key", HIGH),
        ("eu01xx<H30>NRAL", "a New Relic key", HIGH),
    ],
)
def test_what_has_a_shape_in_files_is_found_with_its_place(shape: str, kind: str, confidence: Confidence) -> None:
    token = drawn(shape)
    assert by_shape(f"a {token}\n{token}") == [
        SecretMatch(kind, 2, 2 + len(token), confidence),
        SecretMatch(kind, 3 + len(token), 3 + 2 * len(token), confidence),
    ]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("https://a.blob.core.windows.net/b?sp=r&se=2027-01-01T00:00:00Z&sv=2022-11-02&sr=b&sig=«<A42>%2B%3D»", "an Azure access signature"),
        ("url: https://a.queue.core.windows.net/?sv=2022-11-02&ss=b&sig=«<A20>/<A22>=»&x=1", "an Azure access signature"),
        ('"u": "https://a.file.core.windows.net/?sv=2022-11-02\\u0026sig=«<A43>%3D»"', "an Azure access signature"),
        ("https://a.corp/b?v=2&sig=«<A43>=»", ""),
        ("https://a.corp/b?sv=2022-11-02&design=«<A43>=»", ""),
        ("https://a.corp/b?sv=2022-11-02&sr=b&sig=«<A30>»", ""),
        ("https://a.corp/b?sv=2022-11-02&sr=b&sig=«<SIGNATURE>»", ""),
        ('{"github-oauth": {"github.com": "«<H40>»"}}', "a Composer token"),
        ('ENV A="{\\"github-oauth\\":{\\"github.com\\":\\"«<H40>»\\"}}"', "a Composer token"),
        ('{\n  "gitlab-token": {\n    "git.corp:8443": "«<A20>7»"\n  }\n}', "a Composer token"),
        ('"gitlab-oauth": {"git.corp": "«<H64>»"}', "a Composer token"),
        ('{"github-oauth": {"github.com": "«your-github-token-0123456789»"}}', ""),
        ('{"github-oauth": {"github.com": "«qzkvjxwpbmghfycdlrtnsaeoiu»"}}', ""),
        ('{"github-oauth": {"github.com": "«$GITHUB_TOKEN»"}}', ""),
        ('{"github-oauth": {"github.com": "«0123456789012345678901234567890123456789»"}}', ""),
        ('BUNDLE_GEMS__CORP__COM: "«bob:<A12>7»"', "a password"),
        ("export BUNDLE_GEMS__MY___CORP__COM=«bob:<A12>7»", "a password"),
        ("BUNDLE_ENTERPRISE__CONTRIBSYS__COM=«<H8>:<H8>»", "a password"),
        ("BUNDLE_GEMS__CORP__COM: «bob:password»", ""),
        ("BUNDLE_GEMS__CORP__COM: «username:changeme123»", ""),
        ("BUNDLE_GEMS__CORP__COM: «$USER:$PASSWORD»", ""),
        ("BUNDLE_GEMS__CORP__COM: «https://gems.corp:8443x7»", ""),
        ("BUNDLE_WITHOUT: «development:test2test»", ""),
        ("BUNDLE_BUILD__NOKOGIRI: «a:b1c2d3e4f5»", ""),
        ("BUNDLE_MIRROR__GEMS: «a:b1c2d3e4f5»", ""),
        ("NO_BUNDLE_A__B: «a:b1c2d3e4f5»", ""),
    ],
)  # fmt: skip
def test_what_has_no_prefix_of_its_own_is_known_by_what_is_around(text: str, kind: str) -> None:
    plain = drawn(text)
    start, end = plain.index("«"), plain.index("»") - 1
    plain = plain.replace("«", "").replace("»", "")
    expected = [(kind, start, end)] if kind else []
    assert [(match.kind, match.start, match.end) for match in by_shape(plain)] == expected
    if kind:
        assert [(match.kind, match.start, match.end) for match in find_tokens(plain)] == expected


@pytest.mark.parametrize(
    "shape",
    [
        "sk-",
        "dapi",
        "oy2",
        "hf_",
        "gsk_",
        "cio",
        "secret_",
        "rnd_",
        "fo1_",
        "LTAI",
        "glc_",
        "EZAK",
        "AKCp",
        "AQVN",
        "r8_",
    ],
)
def test_a_word_with_a_weak_prefix_is_no_token(shape: str) -> None:
    length = {"oy2": 43, "dapi": 32}.get(shape, 60)
    for count in (length, 20, 28, 30, 32, 35, 37, 40, 43, 54):
        word = "qzkvjxwpbmghfycdlrtnsaeoiu"
        assert by_shape(f"a {shape}{(word * 4)[:count]} b") == []


def test_discord_tokens_are_looked_for_beside_the_name() -> None:
    token = drawn("MTA<A22>.<A6>.<A38>")
    assert by_shape(f"discord {token}") == [SecretMatch("a Discord token", 8, 8 + len(token))]
    assert by_shape(f"DISCORD={token}") == [SecretMatch("a Discord token", 8, 8 + len(token))]
    assert by_shape(f"Discord {token} {token}")[1:] == [
        SecretMatch("a Discord token", 9 + len(token), 9 + 2 * len(token))
    ]
    assert by_shape(f"chord {token}") == []
    assert by_shape(f"discord MTA{'a' * 22}.aaaaaa.{'a' * 38}") == []


def test_a_static_key_of_openvpn_is_found() -> None:
    lines = "".join(f"{make.drawn(32, HEX)}\n" for _ in range(16))
    text = f"x\n-----BEGIN OpenVPN Static key V1-----\n{lines}-----END OpenVPN Static key V1-----\n"
    assert by_shape(text) == [SecretMatch("an OpenVPN key", 2, text.index("-----END") + len("-----END "))]
    assert by_shape(text.replace(lines, lines[33:])) == []


@pytest.mark.parametrize(
    ("address", "confidence"),
    [
        ("https://bob:Xy7qPw2zLk@git.corp/x", HIGH),
        ("https://bob:Xy7qPw@git.corp/x", HIGH),
        ("https://bob:Xy7qP@git.corp/x", LOW),
        ("https://Xy7qPw2zLk:Xy7qPw2zLk@git.corp/x", LOW),
        ("https://bob:git.Corp9@git.corp9:80/x", LOW),
        ("https://bob:Xy7dummy2zLk@git.corp/x", LOW),
        ("https://bob:Xykqpwvzlk@git.corp/x", LOW),
        ("https://bob:Xy7qPw2zLk@example.com/x", LOW),
        ("https://bob:Xy7qPw2zLk@git.example/x", LOW),
        ("https://bob:Xy7qPw2zLk@localhost/x", LOW),
        ("https://bob:Xy7qPw2zLk@127.0.0.1/x", LOW),
        ("https://bob:Xy7qPw2zLk@0.0.0.0/x", LOW),
        ("https://bob:Xy7qPw2zLk@hostname/x", LOW),
        ("https://bob:Xy7qPw2zLk@server/x", LOW),
        ("https://bob:Xy7qPw2zLk@foo.corp/x", LOW),
        ("https://bob:Xy7qPw2zLk@bar.corp/x", LOW),
        ("https://bob:Xy7qPw2zLk@/x", LOW),
        ("https://Xy7qPw2zLkXy7qPw2zLk@git.corp/x", HIGH),
        ("https://bob:${PASSWORD}@git.corp/x", None),
        ("https://bob@git.corp/x", None),
        ("https://git.corp/x@y", None),
    ],
)
def test_credentials_in_an_address(address: str, confidence: Confidence | None) -> None:
    end = 2 + address.rindex("@")
    kind = "a password in an address" if address.count(":") > 1 else "a token in an address"
    expected = [SecretMatch(kind, 10, end, confidence)] if confidence is not None else []
    assert by_shape(f"a {address}") == expected


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("://a:Xy7qPw@h", "a password in an address"),
        ("://Xy7qPw2zLkXy7qPw2zLk@h", "a token in an address"),
        ("://Xy7qPw2zLkXy7qPw2zL@h", None),
        ("://XykqPwhzLkXyeqPwdzLk@h", None),
        ("://Xy7qPw2zLkXy7qPw2zLk@o1.sentry.io", None),
        ("://a:p%40ss@h", "a password in an address"),
        ("://a:p%4@h", None),
        ("://a:x*.-_x@h", None),
        ("://a:your-one@h", None),
        ("://a:my-one@h", None),
        ("://a:my_one@h", None),
        *(
            (f"://a:{word}@h", None)
            for word in ("user", "username", "pass", "password", "passwd", "pwd", "token", "secret")
        ),
        *((f"://a:{word}@h", None) for word in ("key", "x", "a$b", "a{b", "a}b", "a[b", "a]b")),
    ],
)
def test_addresses_in_texts(address: str, kind: str | None) -> None:
    end = address.rindex("@")
    assert list(find_credential_urls(address)) == ([TokenMatch(kind, 3, end)] if kind else [])


def basic(login: str) -> str:
    return b64encode(login.encode("latin-1")).decode()


@pytest.mark.parametrize(
    ("login", "hit"),
    [
        ("bob:Xy7qPw2zLk", True),
        ("bob:Xy7q", True),
        ("bob:Xy7", False),
        ("bobby:Bobby", False),
        ("bob:Xykqpwvzlk", False),
        ("bob:Xy7dummy2z", False),
        (":Xy7qPw2zLk", False),
        ("bobXy7qPw2zLk", False),
        ("b\tb:Xy7qPw2zLk", False),
        ("bob:Xy7\tPw2zLk", False),
        ("böb:Xy7qPw2zLk", False),
    ],
)
def test_credentials_in_a_header(login: str, hit: bool) -> None:  # noqa: FBT001  a table's column
    text, sent = f"authorization: Basic {basic(login)}", basic(login)
    assert by_shape(text) == ([SecretMatch("credentials in a header", 21, 21 + len(sent))] if hit else [])


def test_secrets_in_a_line_do_not_overlap_and_the_shape_names_them() -> None:
    token = drawn("ATBB<A32>")
    assert find_in_text(f"TOKEN={token} PASSWORD=Tr0ub4dor9") == [
        ("a Bitbucket token", 6, 6 + len(token)),
        ("a password", 16 + len(token), 26 + len(token)),
    ]
