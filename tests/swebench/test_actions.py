"""What an answer of the agent's asks for."""

import json

import pytest

from pytest_mcode.harnesses.repositories.actions import actions_in, fenced_commands

PROSE = "First I look at this:\n\n```python\nprint(1)\n```\n\nThen it should work.\n\n```\n$ done\n"


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        ("THOUGHT: look\n\n```bash\nls -la\n```\n", ["ls -la"]),
        ("```mswea_bash_command\nls\n```", ["ls"]),
        ("```Bash\r\nls\r\n```\r\n", ["ls"]),
        ('```bash title="x"\nls\n```', ["ls"]),
        ("1. So:\n   ```sh\n   ls\n     -l\n   ```\n", ["ls\n  -l"]),
        ("````bash\necho '```'\n```\n````\n", ["echo '```'\n```"]),
        ("```\nls\n```", ["ls"]),
        (PROSE, []),
        (f"{PROSE}```\n```bash\nls\n```", ["ls"]),
        ("Use ```bash\nls\n``` there", []),
        ("```bash\n\n```", []),
        ("```bash\nls", []),
        ("```bash\nls\n```\n```bash\npwd\n```", ["ls", "pwd"]),
        (
            "```bash\ncat > R.md <<'EOF'\n```python\nx\n```\nEOF\nls\n```\nThat is all.\n",
            ["cat > R.md <<'EOF'\n```python\nx\n```\nEOF\nls"],
        ),
        ("```bash\ncat <<EOF\nx\n```\nIt has no end.", ["cat <<EOF\nx"]),
    ],
)
def test_a_command_is_what_stands_in_one_fence(text, commands):
    assert fenced_commands(text) == commands


def call(arguments, name="bash"):
    return {"id": "c", "type": "function", "function": {"name": name, "arguments": arguments}}


@pytest.mark.parametrize(
    ("made", "error"),
    [
        (call("{"), "The arguments are not JSON"),
        (call("[]"), "The arguments lack the command"),
        (call('{"command": 3}'), "The arguments lack the command"),
        (call("{}", "edit"), "There is no tool 'edit'; the only one is bash."),
    ],
)
def test_a_malformed_call_is_answered_with_its_error(made, error):
    good = call(json.dumps({"command": " ls "}))
    first, second, third = actions_in("```bash\nrm x\n```", [good, made, good])
    assert (first.command, second.command, third.command) == ("ls", "", "ls")
    assert second.error.startswith(error)
    assert second.call == made


def test_text_without_one_command_is_answered_with_what_to_do():
    (none,) = actions_in("I am done.", [])
    assert none.error.startswith("Your answer holds no command. Give exactly one")
    (several,) = actions_in("```bash\nls\n```\n```bash\npwd\n```", [])
    assert several.error.startswith("Your answer holds 2 blocks of commands")
