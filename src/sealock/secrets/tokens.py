"""Secrets known by their shape: the tokens of known services, private keys, credentials in a URL."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final, NamedTuple


class TokenMatch(NamedTuple):
    """A secret in a text: its kind, its offsets, and whether it is a documentation example ("…EXAMPLE")."""

    kind: str
    start: int
    end: int
    example: bool = False


# Prefix, pattern of the rest, kind. Searching for the prefix first is cheap; its pattern is compiled only when the
# prefix occurs.
_TOKENS: Final[tuple[tuple[str, str, str], ...]] = (
    ("AKIA", r"[A-Z2-7]{16}", "an AWS access key"),
    ("ASIA", r"[A-Z2-7]{16}", "an AWS access key"),
    ("ghp_", r"[A-Za-z0-9]{30,}", "a GitHub token"),
    ("gho_", r"[A-Za-z0-9]{30,}", "a GitHub token"),
    ("ghu_", r"[A-Za-z0-9]{30,}", "a GitHub token"),
    ("ghs_", r"[A-Za-z0-9]{30,}", "a GitHub token"),
    ("ghr_", r"[A-Za-z0-9]{30,}", "a GitHub token"),
    ("github_pat_", r"[A-Za-z0-9_]{40,}", "a GitHub token"),
    ("glpat-", r"[A-Za-z0-9_.-]{20,}", "a GitLab token"),
    ("gldt-", r"[A-Za-z0-9_-]{20,}", "a GitLab token"),
    ("glrt-", r"[A-Za-z0-9_-]{20,}", "a GitLab token"),
    ("glptt-", r"[a-f0-9]{40}", "a GitLab token"),
    ("xox", r"(?:[abcoprs]-(?:2-)?\d{8,15}-|e(?:\.xox[bp])?-\d-)[A-Za-z0-9-]{10,}", "a Slack token"),
    ("xoxd-", r"[A-Za-z0-9%/+=]{50,}", "a Slack token"),
    ("xapp-", r"\d-[A-Z0-9]{8,15}-\d{8,15}-[A-Za-z0-9]{10,}", "a Slack token"),
    ("hooks.slack.com/services/", r"T\w+/B\w+/\w{16,}", "a Slack webhook"),
    ("discord.com/api/webhooks/", r"\d+/[\w-]{40,}", "a Discord webhook"),
    ("sk_live_", r"[A-Za-z0-9]{16,}", "a Stripe key"),
    ("rk_live_", r"[A-Za-z0-9]{16,}", "a Stripe key"),
    ("sk_test_", r"[A-Za-z0-9]{16,}", "a Stripe key"),
    ("whsec_", r"[A-Za-z0-9+/=]{24,}", "a webhook signing secret"),
    ("AIza", r"[A-Za-z0-9_-]{35}", "a Google API key"),
    ("ya29.", r"[A-Za-z0-9_-]{20,}", "a Google OAuth token"),
    ("GOCSPX-", r"[A-Za-z0-9_-]{28}", "a Google client secret"),
    ("npm_", r"[A-Za-z0-9]{36}", "an npm token"),
    ("pypi-", r"[A-Za-z0-9_-]{50,}", "a PyPI token"),
    ("rubygems_", r"[a-f0-9]{48}", "a RubyGems key"),
    ("dckr_pat_", r"[A-Za-z0-9_-]{20,}", "a Docker access token"),
    ("dckr_oat_", r"[A-Za-z0-9_-]{20,}", "a Docker access token"),
    ("eyJ", r"[A-Za-z0-9_-]{8,2000}\.eyJ[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{8,}", "a JSON web token"),
    ("SG.", r"[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{30,}", "a SendGrid key"),
    ("xkeysib-", r"[a-f0-9]{64}-\w{16}", "a Brevo key"),
    ("sk-ant-", r"[A-Za-z0-9_-]{20,}", "an Anthropic key"),
    ("sk-", r"(?!ant-)(?:proj-|svcacct-|or-v1-)?(?=[A-Za-z_-]{0,200}\d)[A-Za-z0-9_-]{32,}", "an OpenAI-style key"),
    ("hf_", r"[A-Za-z0-9]{30,}", "a Hugging Face token"),
    ("gsk_", r"[A-Za-z0-9]{40,}", "a Groq key"),
    ("AGE-SECRET-KEY-1", r"[0-9A-Z]{50,}", "an age private key"),
    ("dop_v1_", r"[a-f0-9]{64}", "a DigitalOcean token"),
    ("shpat_", r"[a-fA-F0-9]{32}", "a Shopify token"),
    ("shpss_", r"[a-fA-F0-9]{32}", "a Shopify secret"),
    ("hvs.", r"[A-Za-z0-9_-]{24,}", "a Vault token"),
    ("dp.pt.", r"[A-Za-z0-9]{40,}", "a Doppler token"),
    (".atlasv1.", r"[A-Za-z0-9_=-]{60,}", "a Terraform Cloud token"),
    ("PMAK-", r"[a-f0-9]{24}-[a-f0-9]{34}", "a Postman key"),
    ("NRAK-", r"[A-Z0-9]{27}", "a New Relic key"),
    ("glsa_", r"[A-Za-z0-9]{32}_[a-f0-9]{8}", "a Grafana token"),
    ("sntrys_", r"[A-Za-z0-9+/=_-]{40,}", "a Sentry token"),
    ("lin_api_", r"[A-Za-z0-9]{40}", "a Linear key"),
    ("ATATT3", r"[A-Za-z0-9_=-]{60,}", "an Atlassian token"),
    ("ATBB", r"[A-Za-z0-9]{32}", "a Bitbucket token"),
    ("pul-", r"[a-f0-9]{40}", "a Pulumi token"),
    ("figd_", r"[A-Za-z0-9_-]{40,}", "a Figma token"),
    ("sq0csp-", r"[A-Za-z0-9_-]{43}", "a Square secret"),
    ("dapi", r"[a-f0-9]{32}", "a Databricks token"),
    ("AKCp", r"[A-Za-z0-9]{60,}", "an Artifactory key"),
    ("oy2", r"[a-z0-9]{43}", "a NuGet key"),
    ("LTAI", r"[A-Za-z0-9]{20}", "an Alibaba Cloud key"),
    ("fo1_", r"[\w-]{43}", "a Fly token"),
    ("tskey-", r"(?:auth|api|client)-[A-Za-z0-9]+-[A-Za-z0-9]{16,}", "a Tailscale key"),
    ("glsoat-", r"[A-Za-z0-9_-]{20,}", "a GitLab token"),
    ("gloas-", r"[A-Za-z0-9_-]{64}", "a GitLab secret"),
    ("glcbt-", r"[A-Za-z0-9_-]{20,}", "a GitLab token"),
    ("glagent-", r"[A-Za-z0-9_-]{50,}", "a GitLab token"),
    ("glft-", r"[A-Za-z0-9_-]{20,}", "a GitLab token"),
    ("cio", r"[A-Za-z0-9]{32}(?![A-Za-z0-9])", "a crate registry token"),
    ("CLOJARS_", r"[a-z0-9]{60}", "a Clojars token"),
    ("cmVmdGtu", r"[A-Za-z0-9]{56}", "an Artifactory token"),
    ("ABSK", r"[A-Za-z0-9+/]{100,}={0,2}", "an AWS Bedrock key"),
    ("hvb.", r"[A-Za-z0-9_-]{100,}", "a Vault token"),
    ("doo_v1_", r"[a-f0-9]{64}", "a DigitalOcean token"),
    ("dor_v1_", r"[a-f0-9]{64}", "a DigitalOcean token"),
    ("shpca_", r"[a-fA-F0-9]{32}", "a Shopify token"),
    ("shppa_", r"[a-fA-F0-9]{32}", "a Shopify token"),
    ("sq0atp-", r"[A-Za-z0-9_-]{22}", "a Square token"),
    ("access_token$production$", r"[a-z0-9]{16}\$[a-f0-9]{32}", "a Braintree token"),
    ("FLWSECK-", r"[a-f0-9]{32}-X", "a Flutterwave key"),
    ("EZAK", r"[A-Za-z0-9]{54}", "an EasyPost key"),
    ("sntryu_", r"[a-f0-9]{64}", "a Sentry token"),
    ("glc_", r"[A-Za-z0-9+/]{32,}={0,2}", "a Grafana token"),
    ("sgp_", r"(?:[a-f0-9]{16}_)?[a-f0-9]{40}", "a Sourcegraph token"),
    ("ops_eyJ", r"[A-Za-z0-9+/]{250,}={0,3}", "a 1Password token"),
    ("pnu_", r"[a-zA-Z0-9]{36}", "a Prefect key"),
    ("rdme_", r"[a-z0-9]{70}", "a ReadMe key"),
    ("pscale_tkn_", r"[A-Za-z0-9_=.-]{32,}", "a PlanetScale token"),
    ("pscale_pw_", r"[A-Za-z0-9_=.-]{32,}", "a PlanetScale password"),
    ("nfp_", r"[A-Za-z0-9]{36,}", "a Netlify token"),
    ("rnd_", r"[A-Za-z0-9]{28,}", "a Render key"),
    ("bkua_", r"[a-f0-9]{40}", "a Buildkite token"),
    ("CCIPAT_", r"[A-Za-z0-9]{20,}_[a-f0-9]{40}", "a CircleCI token"),
    ("sha256~", r"[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])", "an OpenShift token"),
    ("xai-", r"[A-Za-z0-9]{70,}", "an xAI key"),
    ("pplx-", r"[A-Za-z0-9]{48}", "a Perplexity key"),
    ("r8_", r"[A-Za-z0-9]{37}(?![A-Za-z0-9])", "a Replicate token"),
    ("lsv2_", r"(?:pt|sk)_[a-f0-9]{32}_[a-f0-9]{10}", "a LangSmith key"),
    ("NRAA-", r"[a-f0-9]{27}", "a New Relic key"),
    ("NRII-", r"[A-Za-z0-9_-]{32}", "a New Relic key"),
    ("sk.eyJ", r"[A-Za-z0-9_-]{60,}\.[A-Za-z0-9_-]{20,}", "a Mapbox token"),
    ("secret_", r"[A-Za-z0-9]{43}(?![A-Za-z0-9])", "a Notion token"),
    ("ntn_", r"[0-9]{11}[A-Za-z0-9]{35}", "a Notion token"),
    ("phx_", r"[A-Za-z0-9]{43,}", "a PostHog key"),
    ("dt0c01.", r"[A-Z0-9]{24}\.[A-Z0-9]{64}", "a Dynatrace token"),
    ("pat", r"[A-Za-z0-9]{14}\.[a-f0-9]{64}(?![A-Za-z0-9])", "an Airtable token"),
    ("bedrock-api-key-", r"[A-Za-z0-9+/=]{40,}", "an AWS Bedrock key"),
    ("v1.0-", r"[a-f0-9]{24}-[a-f0-9]{146}", "a Cloudflare key"),
    ("p8e-", r"[A-Za-z0-9]{32}(?![A-Za-z0-9])", "an Adobe secret"),
    ("A3-", r"[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3}", "a 1Password secret key"),
    ("dnkey-", r"[a-z0-9=_-]{26}-[a-z0-9=_-]{52}", "a Defined Networking key"),
    ("duffel_", r"(?:test|live)_[A-Za-z0-9_=-]{43}", "a Duffel token"),
    ("sl.", r"[A-Za-z0-9_=-]{130,}", "a Dropbox token"),
    ("fm2_", r"[A-Za-z0-9+/=]{100,}", "a Fly token"),
    ("fio-u-", r"[A-Za-z0-9_=-]{64}", "a Frame.io token"),
    ("HRKU-AA", r"[A-Za-z0-9_-]{58}", "a Heroku key"),
    ("ico-", r"[A-Za-z0-9]{32}(?![A-Za-z0-9])", "an Infracost key"),
    ("webhook.office.com/webhookb2/", r"[\w@-]{60,120}/IncomingWebhook/[a-z0-9]{32}/[a-z0-9-]{36}", "a Teams webhook"),
    ("pscale_oauth_", r"[A-Za-z0-9_=.-]{32,}", "a PlanetScale token"),
    ("tk-us-", r"[A-Za-z0-9_-]{48}", "a Scalingo token"),
    ("shippo_", r"(?:live|test)_[a-f0-9]{40}", "a Shippo key"),
    ("squ_", r"[a-f0-9]{40}", "a SonarQube token"),
    ("sqp_", r"[a-f0-9]{40}", "a SonarQube token"),
    ("sqa_", r"[a-f0-9]{40}", "a SonarQube token"),
    ("tfp_", r"[A-Za-z0-9_.=-]{59}", "a Typeform token"),
    ("AQVN", r"[A-Za-z0-9_-]{35,38}(?![A-Za-z0-9_-])", "a Yandex key"),
    ("sk_prod_", r"[A-Za-z0-9]{16,}", "a Stripe key"),
    ("rk_test_", r"[A-Za-z0-9]{16,}", "a Stripe key"),
    ("gitlab_session=", r"[a-f0-9]{32}", "a GitLab session"),
    ("pat.", r"[A-Za-z0-9_-]{22}\.[a-f0-9]{24}\.[A-Za-z0-9]{20}", "a Harness token"),
    ("sm_", r"(?:aat|pat|sat)_[A-Za-z0-9]{16}(?![A-Za-z0-9])", "a SettleMint token"),
    ("tailscale-", r"(?:auth|api)key-[A-Za-z0-9]{20,}", "a Tailscale key"),
    ("glrtr-", r"[A-Za-z0-9_-]{20,}", "a GitLab token"),
    ("glffct-", r"[A-Za-z0-9_-]{20,}", "a GitLab token"),
    ("glimt-", r"[A-Za-z0-9_-]{20,}", "a GitLab token"),
    ("hvr.", r"[A-Za-z0-9_-]{24,}", "a Vault token"),
    ("ATCTT3", r"[A-Za-z0-9_=-]{60,}", "a Bitbucket token"),
    ("lin_oauth_", r"[a-f0-9]{64}", "a Linear token"),
    ("1//0", r"[A-Za-z0-9_-]{40,}", "a Google refresh token"),
    ("nvapi-", r"[A-Za-z0-9_-]{60,}", "an NVIDIA key"),
    ("pcsk_", r"[A-Za-z0-9]{5,8}_[A-Za-z0-9]{50,}", "a Pinecone key"),
    ("AstraCS:", r"[A-Za-z0-9]{24}:[a-f0-9]{64}", "an Astra DB token"),
    ("napi_", r"[a-z0-9]{60,}", "a Neon key"),
    ("sbp_", r"[a-f0-9]{40}", "a Supabase token"),
    ("sb_secret_", r"[A-Za-z0-9_-]{30,}", "a Supabase key"),
    ("re_", r"(?=\w{0,32}\d)[A-Za-z0-9]{8}_[A-Za-z0-9]{24}(?![A-Za-z0-9])", "a Resend key"),
    ("mlsn.", r"[a-f0-9]{64}", "a MailerSend token"),
    ("tvly-", r"(?:dev-|prod-)?[A-Za-z0-9]{32}(?![A-Za-z0-9])", "a Tavily key"),
    ("wandb_v1_", r"[A-Za-z0-9_]{60,}", "a W&B key"),
    ("jina_", r"[a-f0-9]{32}[A-Za-z0-9_-]{28}", "a Jina key"),
    ("e2b_", r"[a-f0-9]{40}", "an E2B key"),
    ("pylf_v1_", r"(?:us|eu)_[A-Za-z0-9]{40,}", "a Logfire token"),
    ("apify_api_", r"[A-Za-z0-9]{36}", "an Apify token"),
    ("cal_live_", r"[a-f0-9]{32}", "a Cal.com key"),
    ("dvc_server_", r"[A-Za-z0-9_-]{36,}", "a DevCycle key"),
    ("sdk-", r"[a-f0-9]{8}-[a-f0-9]{4}-4[a-f0-9]{3}-[89ab][a-f0-9]{3}-[a-f0-9]{12}", "a LaunchDarkly key"),
    ("xoxe.", r"xox[bp]-\d-[A-Za-z0-9]{100,}", "a Slack token"),
    ("AccountKey=", r"[A-Za-z0-9+/]{40,}={0,2}", "an Azure storage key"),
    ("SharedAccessKey=", r"[A-Za-z0-9+/]{40,}={0,2}", "an Azure access key"),
    ("SharedAccessSignature=", r"[^\s;\"']{30,}", "an Azure access signature"),
)  # fmt: skip
DISCORD: Final = (
    r"(?<![\w.-])(?:[MNO][DTjz][AEIMQUYcgk])[A-Za-z0-9]{21,25}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,38}(?![\w.-])"
)
"""A bot's number in base64, a time, and a signature."""
NEW_RELIC: Final = r"(?<![A-Za-z0-9])(?:[a-z]{2}\d\dxx)?[a-f0-9]{30,40}NRAL(?![A-Za-z0-9])"
"""A license key, with the region first if it has one."""
AZURE_SIGNATURE: Final = (
    r"(?<![A-Za-z0-9])s[ve]=20\d\d-[^\s\"'<>]{1,400}[&;6]sig=((?:[A-Za-z0-9+/]|%2[BFbf]){43}(?:%3[Dd]|=))"
)
"""The signature of an address in Azure's storage, after its version or its end; `&` may be escaped."""
COMPOSER_NAMES: Final = ("github-oauth", "gitlab-oauth", "gitlab-token")
COMPOSER: Final = (
    r"(?:github-oauth|gitlab-oauth|gitlab-token)\\?\"\s{0,8}:\s{0,8}\{\s{0,40}\\?\"[\w.:-]{1,200}\\?\""
    r"\s{0,8}:\s{0,8}\\?\"((?!gh[oprsu]_|github_pat_|gl[a-z]{2,6}-|[^\"]{0,60}(?i:token|example|your|xxxx|-here))"
    r"(?=[A-Za-z_.-]{0,60}\d)[A-Za-z0-9_.-]{20,255})\\?\""
)
"""What Composer's auth.json has for a host, unless it has a shape of its own."""
BUNDLER: Final = (
    r"(?<![A-Za-z0-9_])BUNDLE_(?!(?:BUILD|GEM|LOCAL|MIRROR)__)[A-Z0-9]{1,60}(?:_{2,3}[A-Z0-9]{1,60}){1,8}"
    r"[\"']?\s{0,4}[:=]\s{0,4}[\"']?([^\s:\"'/$<>{}-][^\s:\"'/$<>{}]{0,100}:[^\s\"'$<>{}/]{6,200})"
)
"""Name and password for a server of gems, under the server's name: BUNDLE_GEMS__EXAMPLE__ORG."""
# Tokens without a fixed prefix: a text that must occur, the whole pattern (or its group), the kind.
_SHAPES: Final[tuple[tuple[str, str, str], ...]] = (
    (".", DISCORD, "a Discord token"),
    (":AA", r"(?<![\w:/-])\d{8,10}:AA[A-Za-z0-9_-]{32,34}(?![\w-])", "a Telegram bot token"),
    ("key-", r"(?<![\w-])key-[a-f0-9]{32}(?![\w-])", "a Mailgun key"),
    ("NRAL", NEW_RELIC, "a New Relic key"),
    ("sig=", AZURE_SIGNATURE, "an Azure access signature"),
    *((needle, COMPOSER, "a Composer token") for needle in COMPOSER_NAMES),
    ("BUNDLE_", BUNDLER, "a password"),
    ("SK", r"(?<![\w-])SK[a-f0-9]{32}(?![\w-])", "a Twilio key"),
    ("$6$", r"\$6\$(?:rounds=\d+\$)?[./A-Za-z0-9]{1,16}\$[./A-Za-z0-9]{40,}", "a password hash"),
    ("$y$", r"\$y\$[./A-Za-z0-9]+\$[./A-Za-z0-9]{10,}\$[./A-Za-z0-9]{20,}", "a password hash"),
    ("$apr1$", r"\$apr1\$[./A-Za-z0-9]{1,8}\$[./A-Za-z0-9]{20,}", "a password hash"),
    ("$argon2", r"\$argon2(?:id|i|d)\$v=\d+\$[./A-Za-z0-9+,=$-]{30,}", "a password hash"),
    ("$2", r"\$2[aby]\$\d\d\$[./A-Za-z0-9]{50,}", "a password hash"),
)
_PRIVATE_KEY: Final = r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----|PuTTY-User-Key-File-\d"
_NO_KEY: Final = frozenset("_<>{}$[]*")
"""Characters of placeholders: YOUR_KEY, <key>, ${KEY}. What stands around a key may have them, and a key has none."""
_KEY_LINE: Final = r"[A-Za-z0-9+/]{32}"
_SOME_KEY: Final = r"[A-Za-z0-9+/=]"
_MASKED: Final = frozenset({"", "user", "username", "pass", "password", "passwd", "pwd", "token", "secret", "key", "x"})


@cache
def _pattern(prefix: str, rest: str) -> re.Pattern[str]:
    # A token starts at the start of a word, unless the prefix itself begins with a dot.
    return re.compile(("" if prefix[0] == "." else r"(?<![A-Za-z0-9])") + re.escape(prefix) + rest)


def token_patterns() -> Iterator[tuple[str, re.Pattern[str], str]]:
    """Each token's anchor text, whole pattern and kind."""
    for prefix, rest, kind in _TOKENS:
        yield prefix, _pattern(prefix, rest), kind


def find_tokens(text: str) -> Iterator[TokenMatch]:
    """Find the tokens and private keys in a text, in no particular order."""
    # A token is a long word, and most texts have few of those to search for the prefixes.
    words = " ".join([word for word in text.split() if len(word) >= 15])
    for prefix, rest, kind in _TOKENS if words else ():
        if prefix in words:
            for match in _pattern(prefix, rest).finditer(text):
                if not _monotone(match[0][len(prefix) :]):
                    yield TokenMatch(kind, *match.span(), "EXAMPLE" in match[0].upper())
    for needle, pattern, kind in _SHAPES if words else ():
        if needle in words:
            for match in re.finditer(pattern, text):
                if match.lastindex is None or _is_literal(match[1].rpartition(":")[2]):
                    yield TokenMatch(kind, *match.span(match.lastindex or 0))
    if "PRIVATE KEY" in text or "PuTTY-User-Key-File" in text:
        for match in re.finditer(_PRIVATE_KEY, text):
            end = text.find("-----END", match.end())
            if not _is_placeholder(text, match.end()):
                yield TokenMatch("a private key", match.start(), len(text) if end < 0 else end)


def _is_placeholder(text: str, start: int) -> bool:
    """Whether what follows the first line of a private key only stands for one."""
    end = text.find("-----", start)
    if not text.startswith("-----END", end):
        return False
    inner = text[start:end].replace("\\r", "").replace("\\n", "")
    no_key = not _NO_KEY.isdisjoint(inner) and re.search(_KEY_LINE, inner) is None
    return no_key or re.search(_SOME_KEY, inner) is None


def _monotone(rest: str) -> bool:
    """Whether it is filler of one or two characters, as in documentation: xxxxxxxx."""
    return len(set(rest.replace("-", "").replace("_", "").lower())) <= 3


def find_credential_urls(text: str) -> Iterator[TokenMatch]:
    """Find URLs with credentials: scheme://user:password@host, and https://TOKEN@host for long tokens."""
    if "://" not in text or "@" not in text:
        return
    for match in re.finditer(r"://([^\s/\"'<>`\\,;()@]{1,512})@([^\s/\"'@]{0,200})", text):
        name, colon, password = match[1].partition(":")
        if colon:
            if _is_literal(password):
                yield TokenMatch("a password in an address", *match.span(1))
        # A Sentry DSN holds a public key by design.
        elif len(name) >= 20 and _is_literal(name) and any(map(str.isdigit, name)) and "sentry" not in match[2]:
            yield TokenMatch("a token in an address", *match.span(1))


def _is_literal(password: str) -> bool:
    """Whether it is a password itself: no variable, no placeholder, not masked."""
    lower = password.lower()
    return not (
        lower in _MASKED
        or any(char in password for char in "${}<>[]")
        or ("%" in password and re.fullmatch(r"(?:[^%]|%[0-9A-Fa-f]{2})+", password) is None)
        or set(lower) <= set("x*.-_")
        or lower.startswith(("your", "my-", "my_"))
    )
