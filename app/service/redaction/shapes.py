r"""Credentials that are known by their shape, wherever they stand.

Sources of the shapes: the issuers' own documentation, and what gitleaks and detect-secrets,
which look for the same in source code, know of it.

`app.service.redaction.rules` reads each rule in two ways, so there is no look-around in them,
and `\w` and `\s` stand in brackets. `{20,}+` is possessive: it never gives back what it took.
"""

TOKENS = {
    "aws-key": r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}",
    "google-key": r"AIza[\w-]{32,}+|GOCSPX-[\w-]{20,}+|ya29\.[\w-]{20,}+",
    "azure-key": r"[A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,}+",
    "github-token": r"gh[pousr]_[A-Za-z0-9]{30,}+|github_pat_[\w]{40,}+",
    "gitlab-token": r"gl(?:pat|ptt|dt|rt|cbt|soat|ft|imt|agent|oas|ffct)-[\w.-]{20,}+",
    "slack-token": r"xox[abeoprs](?:\.xox[bp])?-[A-Za-z0-9-]{20,}+|xapp-[0-9]-[A-Za-z0-9-]{20,}+",
    "stripe-key": r"[sr]k_(?:live|test|prod)_[A-Za-z0-9]{16,}+|whsec_[A-Za-z0-9+/]{24,}+",
    "npm-token": r"npm_[A-Za-z0-9]{32,}+",
    "pypi-token": r"pypi-Ag[\w-]{40,}+",
    "anthropic-key": r"sk-ant-[\w-]{20,}+",
    "openai-key": r"sk-(?:proj|svcacct|admin|service|None)-[\w-]{20,}+|sk-[A-Za-z0-9]{32,}+",
    "jwt": r"eyJ[\w-]{8,}+\.[\w-]{8,}+(?:\.[\w-]*+)*",
    "api-key": (
        r"hf_[A-Za-z0-9]{30,}+|r8_[A-Za-z0-9]{32,}+|gsk_[A-Za-z0-9]{40,}+|xai-[A-Za-z0-9]{60,}+"
        r"|pplx-[A-Za-z0-9]{40,}+|sk-or-v1-[0-9a-f]{48,}+|SG\.[\w-]{16,}+\.[\w-]{32,}+"
        r"|SK[0-9a-f]{32}|key-[0-9a-f]{32}|[0-9a-f]{32}-us[0-9]{1,2}|do[opr]_v1_[0-9a-f]{64}"
        r"|shp(?:at|ca|pa|ss)_[0-9A-Fa-f]{32}|sq0(?:atp|csp)-[\w-]{22,}+|dapi[0-9a-f]{32}"
        r"|dp\.(?:pt|st|ct|sa|scim|audit)\.[\w.]{40,}+|lin_api_[A-Za-z0-9]{40}"
        r"|secret_[A-Za-z0-9]{43}|ntn_[A-Za-z0-9]{40,}+|PMAK-[0-9a-f]{24}-[0-9a-f]{34}"
        r"|hv[sbr]\.[\w-]{24,}+|[A-Za-z0-9]{14}\.atlasv1\.[\w-]{60,}+|pul-[0-9a-f]{40}"
        r"|gls?[ac]_[\w+/=-]{32,}+|NRAK-[A-Z0-9]{27}|sntry[su]_[\w+/=-]{40,}+"
        r"|dckr_(?:pat|oat)_[\w-]{24,}+|rubygems_[0-9a-f]{48}|ATATT3[\w=-]{60,}+"
        r"|AGE-SECRET-KEY-1[A-Z0-9]{58}|FlyV1 fm[12]_[\w+/=-]{40,}+"
        r"|pscale_(?:tkn|pw|oauth)_[\w.-]{32,}+"
        r"|sbp_[0-9a-f]{40}|fig[dou]_[\w-]{36,}+|tskey-[a-z]+-[\w-]{20,}+|nfp_[A-Za-z0-9]{36}"
        r"|AKCp[A-Za-z0-9]{60,}+|A3-[A-Z0-9]{6}-[A-Z0-9]{6}-[A-Z0-9]{5}(?:-[A-Z0-9]{5}){3}"
        r"|[0-9]{8,10}:AA[\w-]{33}"
    ),
}
"""Tokens that say by themselves what they are, by kind; `api-key` is all issuers with no kind of
their own. Neither a letter, digit, `_` nor `-` comes before one, neither letter nor digit after."""

_BREAK = r"""(?:[\s"'+,|>]|\\+[nr])"""
"""What stands between the lines of a key: in a file, a string in code, a diff, a quotation."""

PRIVATE_KEY = (
    r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
    rf"(?:{_BREAK}{{1,40}}[A-Z][A-Za-z-]{{1,20}}: [^\n\\]{{0,120}})*"
    rf"(?:{_BREAK}{{1,40}}[A-Za-z0-9+/=]{{16,}}+)+(?:{_BREAK}{{0,40}}[A-Za-z0-9+/=]{{1,15}})?"
    rf"(?:{_BREAK}{{0,40}}-----END [A-Z0-9 ]{{1,40}}-----)?"
)
"""A private key in PEM (RFC 7468, 1421) or OpenPGP armour; its end may be cut off."""

FRAMED = {
    "url-password": r"""://[^\s:/@?#<>"'`\[\]]{0,100}:([^\s/@<>"'`\[\]]{1,256})@""",
    "authorization": (
        r"""(?:^|[^A-Za-z])(?i:authorization)\\{0,3}["']?[\s]{0,3}[:=,][\s]{0,3}\\{0,3}["']?"""
        r"""(?:(?i:basic|bearer|token|digest|negotiate|apikey|bot)(?:[\s]{1,3}|%20))?+"""
        r"([A-Za-z0-9._~+/=:-]{8,}+)"
    ),
    "bearer-token": r"(?i:bearer)[ \t]{1,3}([A-Za-z0-9._~+/=-]{16,}+)",
    "azure-key": (
        r"(?:[?&]|&amp;)sig=([A-Za-z0-9%+/]{40,}+)"
        r"|(?i:accountkey|sharedaccesskey)=([A-Za-z0-9+/]{40,}+={0,2})"
    ),
    "webhook": (
        r"hooks\.slack\.com/(?:services|workflows|triggers)/([\w/+-]{20,}+)"
        r"|discord(?:app)?\.com/api/webhooks/([0-9]{17,20}/[\w-]{60,}+)"
        r"|\.webhook\.office\.com/webhookb2/([\w@/-]{60,}+)"
    ),
    "cookie": (
        r"""(?i:cookie): [^\n]{0,200}(?i:sess|sid|auth)[\w.-]{0,20}=([^\s;,"'\[\]]{16,256})"""
    ),
    "password": (
        r"""redis-cli[\s][^\n]{0,200}-a ["']?([^\s"'\[\]]{1,256})"""
        r"""|(?i:identified[\s]{1,3}by|with[\s]{1,3}password)[\s]{1,3}'([^'\n]{1,256})'"""
        r"""|login[\s]{1,8}[^\s]{1,100}[\s]{1,8}password[\s]{1,8}([^\s]{1,256})"""
        r"""|sshpass[\s]{1,3}-p[\s]?["']?([^\s"']{1,256})"""
        r"""|curl[\s][^\n]{0,200}(?:-u|--user)[ =]?["']?[^\s:"'\[\]]{1,64}:([^\s"'\[\]]{1,256})"""
    ),
}
"""Secrets that are known by what stands around them, by kind; a group is what is secret."""
