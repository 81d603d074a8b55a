"""Every mistake is named with its place, what is wrong and the mend: exact texts, as they are printed."""

from __future__ import annotations

import pytest

from tests.manifests.conftest import Folder

# One mistake each: the file `groups/g.yaml`, and what is printed of it.
GROUP = {
    "unknown key": (
        "subject: G\nadmin: [ana]\n",
        "2:1: `admin` is not a key: did you mean `admins`?",
    ),
    "unknown key, nothing near": (
        "subject: G\nwhatever: 1\n",
        "2:1: `whatever` is not a key (the keys here are `name`, `subject`, `description`, `icon`, "
        "`permissions`, `join`, `admins`, `members`, `prune_members`, `link_version`, `previously`, `id`, "
        "`kind`, `unmanaged`, `ensure` and `hold`)",
    ),
    "unknown key below": (
        "subject: G\nhold: {reason: x, untill: 2026-12-01}\n",
        "2:19: `untill` is not a key: did you mean `until`?",
    ),
    "empty key": (
        'subject: G\n"": 1\n',
        "2:1: an empty text is not a key (the keys here are `name`, `subject`, `description`, `icon`, "
        "`permissions`, `join`, `admins`, `members`, `prune_members`, `link_version`, `previously`, `id`, "
        "`kind`, `unmanaged`, `ensure` and `hold`)",
    ),
    "text for a list": (
        "subject: G\nmembers: bruno\n",
        "2:10: `members` should be a list, this is text (put it in brackets: `[bruno]`)",
    ),
    "mapping for a list": (
        "subject: G\nmembers:\n  bruno: 1\n",
        '3:3: `members` should be a list, this is a mapping (such as ["bruno", "vendas"])',
    ),
    "list for text": (
        "subject: [G]\n",
        "1:10: `subject` should be text, this is a list (such as Suporte Campinas)",
    ),
    "list in a list": (
        "subject: G\nadmins: [ana, [bruno]]\n",
        "2:15: `admins[1]` should be text, this is a list (such as ana)",
    ),
    "yes for true": (
        "subject: G\nprune_members: yes\n",
        "2:16: `prune_members` should be true or false, not `yes` (write true or false, without quotes)",
    ),
    "quoted true": (
        'subject: G\nprune_members: "true"\n',
        "2:16: `prune_members` should be true or false, this is text (write true or false, without quotes)",
    ),
    "text for a number": (
        "subject: G\nlink_version: two\n",
        "2:15: `link_version` should be a whole number, this is text (such as 1)",
    ),
    "decimal for a whole number": (
        "subject: G\nlink_version: 1.0\n",
        "2:15: `link_version` should be a whole number, this is text (such as 1)",
    ),
    "number too small": (
        "subject: G\nlink_version: 0\n",
        "2:15: `link_version` is less than 1 (it is 1 or more)",
    ),
    "nothing": (
        "subject:\n",
        "1:9: `subject` has no value (write one, or leave the key out)",
    ),
    "null for text": (
        "subject: null\n",
        "1:10: `subject` has no value (write one, or leave the key out; the text `null` itself wants quotes)",
    ),
    "null in a list": (
        "subject: G\nadmins: [ana, ]\nmembers:\n  - bruno\n  -\n",
        "5:4: `members[1]` has no value (write one, or leave the key out)",
    ),
    "empty text": ('subject: ""\n', "1:10: `subject` is empty (such as Suporte Campinas)"),
    "blank text": ('subject: "  "\n', "1:10: `subject` is empty (write what members shall see)"),
    "invisible text": (
        'subject: "\\u200b"\n',
        "1:10: `subject` is empty (write what members shall see)",
    ),
    "subject too long": (
        "subject: Comunidade do Café e amigos\n",
        "1:10: `subject` has 27 characters, 25 are allowed (shorten it)",
    ),
    "control character": (
        'subject: "G\\e[31m"\n',
        "1:10: `subject` holds a control character, a line break or a character that reverses the "
        "direction of text",
    ),
    "bidi character": (
        'subject: "G\\u202eG"\n',
        "1:10: `subject` holds a control character, a line break or a character that reverses the "
        "direction of text",
    ),
    "neither subject nor id": (
        "name: g\n",
        "1:1: `subject` is missing (only beside `id` may it be left out)",
    ),
    "name": (
        "name: Vendas_SP\nsubject: G\n",
        "1:7: `name` must be 1 to 64 lower-case letters a-z, digits and hyphens, with no hyphen at "
        "either end (such as `vendas-sp`)",
    ),
    "name as a path": (
        "name: ../g\nsubject: G\n",
        "1:7: `name` must be 1 to 64 lower-case letters a-z, digits and hyphens, with no hyphen at "
        "either end (such as `g`)",
    ),
    "id as a path": (
        "id: ..\n",
        "1:5: `id` is no group id: 1 to 64 of the characters A-Z a-z 0-9 @ . _ -, not only dots",
    ),
    "ensure": (
        "subject: G\nensure: absent\n",
        "2:9: `ensure` cannot be `absent` (it is one of `present`, `left` and `closed`)",
    ),
    "ensure misspelt": (
        "subject: G\nensure: close\n",
        "2:9: `ensure` cannot be `close`: did you mean `closed`?",
    ),
    "no description, written as text": (
        'subject: G\ndescription: ""\n',
        "2:14: `description` is empty (such as Atendimento em dias úteis, or null for none)",
    ),
    "description that hides": (
        'subject: G\ndescription: "a\\u202eb"\n',
        "2:14: `description` holds a control character or a character that reverses the direction of text",
    ),
    "permission for somebody else": (
        "subject: G\npermissions: {edit_info: admin}\n",
        "2:26: `permissions.edit_info` cannot be `admin`: did you mean `admins`?",
    ),
    "permission that is yes or no": (
        "subject: G\npermissions:\n  approve_members: everyone\n",
        "3:20: `permissions.approve_members` should be true or false, this is text "
        "(write true or false, without quotes)",
    ),
    "unknown permission": (
        "subject: G\npermissions: {add_member: admins}\n",
        "2:15: `add_member` is not a key: did you mean `add_members`?",
    ),
    "way to join": (
        "subject: G\njoin: added\n",
        "2:7: `join` cannot be `added`: did you mean `add`?",
    ),
    "unmanaged": (
        "subject: G\nunmanaged: [subject]\n",
        "2:13: `unmanaged[0]` cannot be `subject` (it is one of `description`, `icon`, `permissions`, "
        "`join`, `admins`, `members` and `prune_members`)",
    ),
    "unmanaged and managed": (
        "subject: G\nicon: null\nadmins: [ana]\nunmanaged: [admins]\n",
        "4:13: `admins` is unmanaged, and this manifest gives it a value (keep one of the two)",
    ),
    "hold without a reason": (
        "subject: G\nhold: {until: 2026-12-01}\n",
        "2:7: `reason` is missing in `hold` (such as reason: campaign)",
    ),
    "hold until no day": (
        "subject: G\nhold: {reason: x, until: 2026-02-30}\n",
        "2:26: `hold.until` is no day (write it as YYYY-MM-DD, such as 2026-12-01)",
    ),
    "prune without members": (
        "subject: G\nprune_members: true\n",
        "2:16: `prune_members` needs `members` (say who belongs into the group, or nobody would)",
    ),
    "unknown kind": (
        "subject: G\nkind: cliente\n",
        "2:7: there is no kind `cliente` (kinds stand under `kinds` in reconciler.yaml)",
    ),
    "unknown person": (
        "subject: G\nadmins: [brunno]\n",
        "2:10: there is no person or team `brunno`: did you mean `bruno`?",
    ),
    "unknown person, nobody near": (
        "subject: G\nadmins:\n  - ana\n  - zacarias\n",
        "4:5: there is no person or team `zacarias` (add them to contacts.yaml, or write an "
        "international number)",
    ),
    "no international number": (
        "subject: G\nmembers: [(19) 90000-0001]\n",
        "2:11: `(19) ••••01`: the country code is missing (begin with it, outside parentheses: "
        "+55 (19) 90000-0001)",
    ),
    "number with a zero": (
        "subject: G\nmembers: [0170 1234567]\n",
        "2:11: `••••67`: not an international number (begin with the country code: +55 …, without 0 or 00)",
    ),
    "somebody who left": (
        "subject: G\nadmins: [ana, carlos]\n",
        "2:15: `carlos` left on 2026-11-02, says contacts.yaml:4:3 "
        "(take them out here; they are demoted and removed without being named)",
    ),
    "the number of somebody who left": (
        "subject: G\nadmins: [+5519900000006]\n",
        "2:10: `carlos` left on 2026-11-02, says contacts.yaml:4:3 "
        "(take them out here; they are demoted and removed without being named)",
    ),
    "key twice": (
        "subject: G\nsubject: H\n",
        "2:1: `subject` is given twice (first on line 1; keep one of them)",
    ),
    "key twice below": (
        "subject: G\nhold:\n  reason: x\n  reason: y\n",
        "4:3: `reason` is given twice (first on line 3; keep one of them)",
    ),
    "no mapping": (
        "- subject: G\n",
        "1:1: this should be a mapping (`key: value`), it is a list "
        "(begin with a key, such as name: suporte-campinas)",
    ),
    "only text": (
        "Suporte Campinas\n",
        "1:1: this should be a mapping (`key: value`), it is text "
        "(begin with a key, such as name: suporte-campinas)",
    ),
    "merge key": (
        "subject: G\nhold: &h {reason: x}\n<<: *h\n",
        "3:1: merge keys (`<<`) are not supported (write the keys out, or give groups a `kind` in common)",
    ),
    "tag": (
        "subject: !!python/object/apply:os.system [ls]\n",
        "1:10: the tag `!!python/object/apply:os.system` is not supported (remove it; values are "
        "what the schema says)",
    ),
    "tab": ("subject: G\nhold:\n\treason: x\n", "3:1: a tab cannot indent YAML (use spaces)"),
    "colon": (
        "subject: Vendas: Sul\n",
        "1:16: a `:` cannot stand here "
        '(text with `: `, ` #` or one of @ ` % & * ! | > { } [ ] , at its beginning wants quotes: "…")',
    ),
    "at sign": (
        "subject: @todos\n",
        "1:10: text cannot begin with this character "
        '(text with `: `, ` #` or one of @ ` % & * ! | > { } [ ] , at its beginning wants quotes: "…")',
    ),
    "open bracket": (
        "subject: G\nadmins: [ana\nmembers: [bruno]\n",
        "3:8: a list without its end (close `[` with `]`, with `,` between items)",
    ),
    "open quote": (
        'subject: "G\n',
        "2:1: a quote is not closed (end the text with the quote it begins with)",
    ),
    "indentation": (
        "name: g\n  subject: G\n",
        "2:3: this key is further in than the line above, which has a value already "
        "(begin it in the column of the key above)",
    ),
    "indentation below an empty line": (
        "name: g\n\n  subject: G\n",
        "3:3: this key is further in than the line above, which has a value already "
        "(begin it in the column of the key above)",
    ),
    "colon in a key's own line": (
        "hold:\n  reason: Vendas: Sul\n",
        "2:17: a `:` cannot stand here "
        '(text with `: `, ` #` or one of @ ` % & * ! | > { } [ ] , at its beginning wants quotes: "…")',
    ),
    "no anchor": (
        "subject: *campinas\n",
        "1:10: there is no anchor for the alias `*campinas` above it "
        "(write `&campinas` before the value that it stands for, or quote the text)",
    ),
}


@pytest.mark.parametrize("case", GROUP)
def test_a_mistake_in_a_manifest_is_named(repo: Folder, case: str) -> None:
    text, expected = GROUP[case]
    repo.write("groups/g.yaml", text)

    assert repo.complaints() == [f"groups/g.yaml:{expected}"]


CONFIG = {
    "unknown key": ("acount: x\n", "1:1: `acount` is not a key: did you mean `account`?"),
    "unknown key below": ("api: {timeuot: 3}\n", "1:7: `timeuot` is not a key: did you mean `timeout`?"),
    "address": (
        "base_url: https://evil.example\n",
        "1:1: `base_url` cannot stand here "
        "(only from the environment: RECONCILER_BASE_URL; configuration is part of a pull request)",
    ),
    "credential below": (
        "api:\n  Token: canary-token\n",
        "2:3: `Token` cannot stand here (only from the environment: RECONCILER_TOKEN or "
        "RECONCILER_TOKEN_FILE "
        "or RECONCILER_TOKEN_COMMAND; configuration is part of a pull request)",
    ),
    "account": (
        "account: 0199111122\n",
        "1:10: `••••22`: not an international number (begin with the country code: +55 …, without 0 or 00)",
    ),
    "accounts": (
        "account: [+5519911112222, ana]\n",
        "1:27: `ana`: not a phone number (write it as +55 19 90000-0001: digits, spaces, hyphens, "
        "parentheses)",
    ),
    "no time": ("api: {timeout: 0}\n", "1:16: `api.timeout` is 0 (it is more than 0)"),
    "too wide": (
        "api: {concurrency: 1000}\n",
        "1:20: `api.concurrency` is more than 256 (it is 256 at most)",
    ),
    "rate": (
        "api: {rate: fast}\n",
        "1:13: `api.rate` should be a number or null, this is text (such as 1)",
    ),
    "folder outside": (
        "manifests: ../groups\n",
        "1:12: `../groups` leads out of the repository (everything that is read lies below its top folder)",
    ),
    "absolute path": (
        "contacts: /proc/self/environ\n",
        "1:11: `/proc/self/environ` is an absolute path (paths are relative to the file that names them)",
    ),
    "missing contacts": (
        "contacts: people.yaml\n",
        "1:11: `people.yaml` does not exist (write its path as seen from this file, or leave the key out for "
        "contacts.yaml)",
    ),
    "state outside": (
        "state: file:../state.json\n",
        "1:8: `file:../state.json` leads out of the repository "
        "(everything that is read lies below its top folder)",
    ),
    "state at a URL": (
        "state: git:https://evil.example/x\n",
        "1:8: `git:https://evil.example/x` names a URL "
        "(name a remote that the repository has: git:origin/reconciler-state)",
    ),
    "state at a helper": (
        "state: git:ext::sh -c x/y\n",
        "1:8: `git:ext::sh -c x/y` names a URL "
        "(name a remote that the repository has: git:origin/reconciler-state)",
    ),
    "state": (
        "state: s3:bucket\n",
        "1:8: `s3:bucket` is no place for the state (write file:PATH, git:REMOTE/BRANCH, or none)",
    ),
    "unknown person in the defaults": (
        "defaults: {admins: [anna]}\n",
        "1:21: there is no person or team `anna`: did you mean `ana`?",
    ),
    "leaver in a kind": (
        "kinds: {cliente: {members: [bruno, carlos]}}\n",
        "1:36: `carlos` left on 2026-11-02, says contacts.yaml:4:3 "
        "(take them out here; they are demoted and removed without being named)",
    ),
    "kind that binds": (
        "kinds: {cliente: {subject: x}}\n",
        "1:19: `subject` is not a key (the keys here are `description`, `icon`, `permissions`, `join`, "
        "`admins`, `members` and `prune_members`)",
    ),
    "name of a kind": (
        "kinds: {a b: {}}\n",
        "1:9: `a b` is no name for a kind: 1 to 64 letters without accents, digits, `.`, `_` and `-`",
    ),
    "allowance of recreate": (
        "allow: [{code: recreate}]\n",
        "1:16: `allow[0].code` cannot be `recreate` (it can be allowed on the command line only)",
    ),
    "allowance of no-account": (
        "allow: [{code: no-account}]\n",
        "1:16: `allow[0].code` cannot be `no-account` (it cannot be lifted: set `account`)",
    ),
    "allowance without a code": (
        "allow:\n  - max: 41\n",
        "2:5: `code` is missing in `allow[0]` (such as code: demote-many)",
    ),
    "guard": (
        "guards: {demote_share: 25}\n",
        "1:24: `guards.demote_share` is more than 1 (it is 1 at most)",
    ),
    "resend": (
        "invites: {resend_after: 7 days}\n",
        "1:25: `invites.resend_after` is no length of time: write a number with s, m, h or d, such as 7d",
    ),
    "text without the link": (
        "invites: {text: Oi}\n",
        "1:17: `invites.text` must hold {link}, where the invite link goes",
    ),
    "second document": (
        "account: +5519911112222\n---\napi: {}\n",
        "3:1: a second document in a file that holds one (remove the line `---`)",
    ),
}


@pytest.mark.parametrize("case", CONFIG)
def test_a_mistake_in_the_configuration_is_named(repo: Folder, case: str) -> None:
    text, expected = CONFIG[case]
    repo.write("reconciler.yaml", text)

    found = repo.complaints()

    assert found == [f"reconciler.yaml:{expected}"]
    assert "canary" not in str(found)


PEOPLE = {
    "unknown key": (
        "people:\n  ana: {number: +5519900000001}\n",
        [
            '2:8: `numbers` is missing in `people.ana` (such as numbers: ["+55 19 90000-0001"])',
            "2:9: `number` is not a key: did you mean `numbers`?",
        ],
    ),
    "accent": (
        "people: {joão: +5519900000001}\n",
        [
            "1:10: `joão` is no alias: letters without accents, digits, `.`, `_` and `-`, "
            "at least one letter, at most 64"
        ],
    ),
    "number for an alias": (
        "people: {+5519900000001: ana}\n",
        [
            "1:10: `••••01` is no alias: letters without accents, digits, `.`, `_` and `-`, "
            "at least one letter, at most 64"
        ],
    ),
    "no number": (
        "people: {ana: {numbers: []}}\n",
        ['1:25: `people.ana.numbers` is empty (such as ["+55 19 90000-0001"])'],
    ),
    "text for a list": (
        "people: {ana: {numbers: +5519900000001}}\n",
        ["1:25: `people.ana.numbers` should be a list, this is a number (put it in brackets: `[••••01]`)"],
    ),
    "short number": (
        "people: {ana: 1234}\n",
        ["1:15: `1234`: a number has 8 to 15 digits, this has 4 (begin with the country code)"],
    ),
    "one number, two people": (
        "people:\n  ana: +5519990000001\n  bruno: {numbers: [+5511900000002, +551990000001]}\n",
        [
            "3:37: `bruno` has a number of `ana` (who stands at contacts.yaml:2:3; a number belongs "
            "to one person)"
        ],
    ),
    "no lid": (
        "people: {ana: {numbers: [+5519900000001], lids: [1234@c.us]}}\n",
        ["1:50: `people.ana.lids[0]` is no hidden id: digits with @lid behind them"],
    ),
    "one lid, two people": (
        "people:\n  ana: {numbers: [+5519990000001], lids: [1@lid, 1@lid, 2@lid]}\n"
        "  bruno: {numbers: [+5511900000002], lids: [3@lid, 2@lid]}\n",
        ["3:52: `bruno` has a lid of `ana` (who stands at contacts.yaml:2:3; a lid belongs to one person)"],
    ),
    "no day": (
        "people: {ana: {numbers: [+5519900000001], left: yesterday}}\n",
        ["1:49: `people.ana.left` is no day (write it as YYYY-MM-DD, such as 2026-12-01)"],
    ),
    "unknown person in a team": (
        "people: {ana: +5519900000001}\nteams: {cs: [anna]}\n",
        ["2:14: there is no person `anna`: did you mean `ana`?"],
    ),
    "number in a team": (
        "teams: {cs: [+5519900000001]}\n",
        ["1:14: a team holds aliases, not numbers (give the person an alias under `people`)"],
    ),
    "team in a team": (
        "people: {ana: +5519900000001}\nteams: {cs: [ana], all: [cs]}\n",
        ["2:26: `cs` is a team (a team holds people, not other teams)"],
    ),
    "team with a person's name": (
        "people: {ana: +5519900000001}\nteams: {ana: [ana]}\n",
        [
            "2:9: the team `ana` has the name of a person "
            "(people and teams share one set of names: rename one of them)"
        ],
    ),
    "alias twice": (
        "people:\n  ana: +5519900000001\n  ana: +5519900000002\n",
        ["3:3: `ana` is given twice (first on line 2; keep one of them)"],
    ),
}


@pytest.mark.parametrize("case", PEOPLE)
def test_a_mistake_in_the_contacts_is_named(folder: Folder, case: str) -> None:
    text, expected = PEOPLE[case]
    folder.write("contacts.yaml", text)
    folder.write("groups/g.yaml", "subject: G\n")

    assert folder.complaints() == [f"contacts.yaml:{line}" for line in expected]


def test_eight_mistakes_in_five_files_are_all_named_at_once(repo: Folder) -> None:
    repo.write("reconciler.yaml", "account: +5519911112222\nguards:\n  demote_share: 2\n")
    repo.write("contacts.yaml", "people:\n  ana: +5519900000001\n  bruno: 90000-0002x\n")
    repo.write("groups/a.yaml", "subject: A\nadmin: [ana]\nmembers: bruno\n")
    repo.write("groups/b.yaml", "name: b\nsubject: Um nome comprido demais para caber\nadmins: [anna]\n")
    repo.write("groups/c.yaml", "name: b\nsubject: C\nicon: icons/missing.png\n")

    assert repo.complaints() == [
        "contacts.yaml:3:10: `••••02x`: not a phone number "
        "(write it as +55 19 90000-0001: digits, spaces, hyphens, parentheses)",
        "groups/a.yaml:2:1: `admin` is not a key: did you mean `admins`?",
        "groups/a.yaml:3:10: `members` should be a list, this is text (put it in brackets: `[bruno]`)",
        "groups/b.yaml:2:10: `subject` has 34 characters, 25 are allowed (shorten it)",
        "groups/b.yaml:3:10: there is no person or team `anna`: did you mean `ana`?",
        "groups/c.yaml:1:7: the name `b` is taken (by the manifest at groups/b.yaml:1:1; give one of them "
        "another)",
        "groups/c.yaml:3:7: `icons/missing.png` does not exist",
        "reconciler.yaml:3:17: `guards.demote_share` is more than 1 (it is 1 at most)",
    ]


def test_mistakes_of_one_document_hide_none_of_the_others(repo: Folder) -> None:
    repo.write(
        "groups/g.yaml",
        "name: G\nadmins: [ana, [x], zacarias]\nprune_members: no\nmembers: [{a: b}, carlos]\nhold: "
        "{until: x}\n",
    )

    assert [line.split(":")[1:3] for line in repo.complaints()] == [
        ["1", "1"],  # neither subject nor id
        ["1", "7"],  # name
        ["2", "15"],  # a list in a list
        ["2", "20"],  # an unknown person behind it
        ["3", "16"],  # no for false
        ["4", "11"],  # a mapping in a list
        ["4", "19"],  # somebody who left behind it
        ["5", "7"],  # hold without reason
        ["5", "15"],  # and with no day
    ]


def test_what_is_wrong_in_the_contacts_is_not_said_again_of_each_manifest(repo: Folder) -> None:
    repo.write("contacts.yaml", "people:\n  ana: {numbers: 1}\nteams:\n  cs: ana\n")
    repo.write("groups/g.yaml", "subject: G\nadmins: [ana, cs]\n")
    assert [line.split(": ")[0] for line in repo.complaints()] == ["contacts.yaml:2:18", "contacts.yaml:4:7"]

    for text in ("people: [", "people: [ana]\n", "- x\n"):
        repo.write("contacts.yaml", text)
        assert [line.split(":")[0] for line in repo.complaints()] == ["contacts.yaml"], text


def test_what_is_wrong_in_the_configuration_is_not_said_again_of_each_manifest(repo: Folder) -> None:
    repo.write("groups/g.yaml", "subject: G\nkind: cliente\n")
    for text in ("kinds: [", "kinds: [cliente]\n", "kinds: {cliente: [x]}\n", "- x\n"):
        repo.write("reconciler.yaml", text)
        assert [line.split(":")[0] for line in repo.complaints()] == ["reconciler.yaml"], text


def test_a_prune_that_a_kind_gives_needs_members_too(repo: Folder) -> None:
    repo.write("reconciler.yaml", "kinds: {intern: {prune_members: true}}\n")
    repo.write("groups/g.yaml", "# a comment\nsubject: G\nkind: intern\n")
    repo.write("groups/h.yaml", "subject: H\nkind: intern\nunmanaged: [prune_members]\n")

    assert repo.complaints() == [
        "groups/g.yaml:2:1: `prune_members` of the kind `intern` needs `members` "
        "(say who belongs into the group, or nobody would)"
    ]


def test_what_is_ignored_cannot_be_managed(repo: Folder) -> None:
    repo.write("reconciler.yaml", "ignore: [1-1, 1-1, 2-2]\n")
    repo.write("groups/a.yaml", "subject: A\nid: 1-1\n")
    repo.write("groups/b.yaml", "subject: B\nid: 3-3\n")
    assert repo.complaints() == [
        "groups/a.yaml:2:5: `ignore` in reconciler.yaml names this group, so it cannot be managed "
        "(take the id out of one of the two)"
    ]
    repo.write("reconciler.yaml", "ignore: ['..', 'a b']\n")
    assert [text.split(": ")[0] for text in repo.complaints()] == [
        "reconciler.yaml:1:10",
        "reconciler.yaml:1:16",
    ]


def test_names_and_ids_are_unique_over_all_files(repo: Folder) -> None:
    repo.write("groups/a.yaml", "name: b\nsubject: A\nid: 1-1\n")
    repo.write("groups/b.yaml", "subject: B\n")
    repo.write("groups/c/d.yaml", "name: d\nsubject: D\n---\nname: e\nid: 1-1\n")

    assert repo.complaints() == [
        "groups/b.yaml:1:1: the name `b` is taken (by the manifest at groups/a.yaml:1:1; give one of them "
        "another)",
        "groups/c/d.yaml:5:5: the id `1-1` is taken (by the manifest at groups/a.yaml:1:1; it belongs to one "
        "of them)",
    ]


def test_a_file_gives_its_name_to_one_document_only(repo: Folder) -> None:
    repo.write("groups/Two Words.yaml", "subject: A\n")
    repo.write("groups/many.yaml", "subject: B\n---\nname: c\nsubject: C\n")

    assert repo.complaints() == [
        "groups/Two Words.yaml:1:1: `name` is missing, and the file's own, `Two Words`, cannot be one "
        "(write lower-case letters a-z, digits and hyphens, such as name: suporte-campinas)",
        "groups/many.yaml:1:1: `name` is missing (it may be left out only where a file holds one document)",
    ]


def test_a_missing_folder_says_where_it_was_looked_for(folder: Folder) -> None:
    def hint(where: str, folder: str) -> str:
        return (
            f"(looked for `{folder}` in {where}: if that is the wrong place, use `-C DIR`; "
            "`manifests: DIR` in reconciler.yaml names another folder)"
        )

    gone = "the folder of the manifests does not exist"
    assert folder.complaints() == [f"groups:1:1: {gone} {hint(str(folder.root), 'groups')}"]

    below = folder.write("ci/reconciler.yaml", "manifests: ../grups\n").parent
    assert folder.complaints(cwd=below) == [
        f"reconciler.yaml:1:12: {gone} {hint(str(below), '../grups')}",
    ]

    folder.write("groups", "a file")
    assert folder.complaints() == [
        f"groups:1:1: the folder of the manifests is not a folder {hint(str(folder.root), 'groups')}"
    ]


def test_no_manifest_at_all_is_a_mistake(folder: Folder) -> None:
    folder.write("groups/README.md", "no manifest")
    hint = "a manifest is a file that ends in .yaml; `manifests` in reconciler.yaml names the folder"
    assert folder.complaints() == [f"groups:1:1: there is no manifest in this folder ({hint})"]


@pytest.mark.parametrize("text", ["", "# subject: Right\n", "---\n---\n", "null\n"])
def test_an_emptied_file_is_a_mistake(repo: Folder, text: str) -> None:
    said = (
        "this file declares no group (declare one, or delete the file: `apply --prune` then leaves the group "
        "that it declared, unless `reconciler state forget NAME` comes first)"
    )
    repo.write("groups/emptied.yaml", text)
    assert repo.complaints() == [f"groups/emptied.yaml:1:1: {said}"]

    # `state forget` itself has to work beside it.
    assert repo.warnings(need_manifests=False) == [f"groups/emptied.yaml:1:1: warning: {said}"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("zoe: '+55 19 90000-0007'\n", "1:1: `zoe` is not a key (the keys here are `people` and `teams`)"),
        ("peple: {zoe: '+55 19 90000-0007'}\n", "1:1: `peple` is not a key: did you mean `people`?"),
    ],
)
def test_people_under_a_key_that_is_not_known_are_not_missed(repo: Folder, text: str, told: str) -> None:
    repo.write("contacts.yaml", text)
    repo.write("groups/g.yaml", "subject: G\nadmins: [zoe]\n")

    assert repo.complaints() == [f"contacts.yaml:{told}"]


def test_who_is_not_known_is_added_to_the_file_of_the_contacts(repo: Folder) -> None:
    repo.write("people.yaml", "people: {}\n")
    repo.write("reconciler.yaml", "contacts: people.yaml\n")
    repo.write("groups/g.yaml", "subject: G\nadmins: [zoe]\n")

    assert repo.complaints() == [
        "groups/g.yaml:2:10: there is no person or team `zoe` (add them to people.yaml, or write an "
        "international number)"
    ]


def test_a_configuration_that_was_asked_for_has_to_be_there(repo: Folder) -> None:
    repo.load(config_path=None)
    assert repo.complaints(config_path="other.yaml") == [
        "other.yaml:1:1: the configuration does not exist (`--config` or RECONCILER_CONFIG names it; without "
        "them it is reconciler.yaml, which may be missing)"
    ]
    assert repo.complaints(config_path="../other.yaml") == [
        "../other.yaml:1:1: the configuration leads out of the repository "
        "(everything that is read lies below its top folder)"
    ]


FLOODS = {
    "keys": ("groups/g.yaml", "subject: G\n" + "".join(f"key{n}: 1\n" for n in range(5000))),
    "keys given twice": ("groups/g.yaml", "subject: H\n" * 5000),
    "items": ("groups/g.yaml", f"subject: G\nadmins: [{'[], ' * 5000}]\n"),
    "people": ("groups/g.yaml", f"subject: G\nadmins: [{'nobody, ' * 5000}]\n"),
    "numbers": ("groups/g.yaml", f"subject: G\nadmins: [{'012345678, ' * 5000}]\n"),
    "documents": ("groups/g.yaml", "---\na\n" * 5000),
    "unnamed documents": ("groups/g.yaml", "---\nsubject: G\n" * 5000),
    "contacts": ("contacts.yaml", "people:\n" + "".join(f"  p{n}: x\n" for n in range(5000))),
    "teams": ("contacts.yaml", "teams:\n" + "".join(f"  p{n}: [x]\n" for n in range(5000))),
    "kinds": ("reconciler.yaml", "kinds:\n" + "".join(f"  k{n}: {{icon: x}}\n" for n in range(5000))),
}


@pytest.mark.parametrize("case", FLOODS)
def test_a_file_says_at_most_a_hundred_things(repo: Folder, case: str) -> None:
    file, text = FLOODS[case]
    repo.write("contacts.yaml", "")
    repo.write("groups/z.yaml", "admin: x\nsubject: Z\n")
    repo.write(file, text)
    last = "there is more wrong with this file than is listed (mend what is listed first)"

    found = repo.complaints()

    assert len(found) == 102
    assert sum(line.endswith(last) for line in found) == 1
    assert "groups/z.yaml:1:1: `admin` is not a key: did you mean `admins`?" in found
