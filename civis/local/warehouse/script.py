"""A script taken apart into statements and their tokens; what they mean is decided elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import Token, TokenType
from sqlglot.dialects.redshift import Redshift
from sqlglot.errors import SqlglotError

from civis.local.warehouse.errors import SqlError

__all__ = ["Name", "Statement", "Words", "lift_column_keys", "quote", "quote_text", "split_script"]


class PlainRedshift(Redshift):
    """Redshift's words without the statements of which sqlglot would swallow the rest as one text."""

    class Tokenizer(Redshift.Tokenizer):
        """Reads VACUUM, GRANT and the like word by word too."""

        COMMANDS = set()  # noqa: RUF012 - declared so by the base class
        COMMAND_PREFIX_TOKENS = set()  # noqa: RUF012 - declared so by the base class


@dataclass(frozen=True)
class Name:
    """A possibly qualified name, lower case as Redshift folds it."""

    schema: str | None
    name: str


@dataclass(frozen=True)
class Statement:
    """One statement of a script.

    Parameters
    ----------
    text : str
        As written, without the semicolon.
    tokens : tuple of Token
        Their `start` and `end` count from the beginning of `text`.
    """

    text: str
    tokens: tuple[Token, ...]

    def words(self) -> Words:
        """Start reading it word by word."""
        return Words(self)


class Words:
    """Reads a statement's tokens one after the other, as far as it has to be understood."""

    def __init__(self, statement: Statement) -> None:
        self.statement = statement
        self.position = 0

    def peek(self, ahead: int = 0) -> str:
        """Give the next word in upper case, ``""`` at the end; quoted ones as they are written."""
        index = self.position + ahead
        if index >= len(self.statement.tokens):
            return ""
        token = self.statement.tokens[index]
        if token.token_type in (TokenType.STRING, TokenType.IDENTIFIER):
            return self.statement.text[token.start : token.end + 1]
        return token.text.upper()

    def take(self, *phrase: str) -> bool:
        """Step over the words given if they come next."""
        if all(self.peek(ahead) == word for ahead, word in enumerate(phrase)):
            self.position += len(phrase)
            return True
        return False

    def take_any(self, *words: str) -> str:
        """Step over one of the words given and tell which; ``""`` if none comes next."""
        word = self.peek()
        if word and word in words:
            self.position += 1
            return word
        return ""

    @property
    def at_end(self) -> bool:
        """Whether all was read."""
        return self.position >= len(self.statement.tokens)

    def next(self) -> Token:
        """Read one token."""
        if self.at_end:
            raise SqlError(f"the statement ends too early: {self.statement.text[:200]}")
        token = self.statement.tokens[self.position]
        self.position += 1
        return token

    def identifier(self) -> str:
        """Read one name, folded to lower case."""
        return self.next().text.lower()

    def name(self) -> Name:
        """Read a name with its schema; a database in front of it is dropped."""
        parts = [self.identifier()]
        while self.take("."):
            parts.append(self.identifier())
        return Name(parts[-2] if len(parts) > 1 else None, parts[-1])

    def names(self) -> list[Name]:
        """Read names divided by commas."""
        found = [self.name()]
        while self.take(","):
            found.append(self.name())
        return found

    def parenthesised(self) -> list[str]:
        """Read ``(a, b)`` as names; the opening parenthesis comes next."""
        found: list[str] = []
        if not self.take("("):
            raise SqlError(f"expected a list in parentheses: {self.statement.text[:200]}")
        while not self.take(")"):
            if not self.take(","):
                found.append(self.identifier())
        return found

    def rest(self) -> str:
        """Give what was not read, as written."""
        if self.at_end:
            return ""
        return self.statement.text[self.statement.tokens[self.position].start :]


def split_script(sql: str) -> list[Statement]:
    r"""Take a script apart at its semicolons (not those in texts, comments and quoted names).

    Raises
    ------
    SqlError
        If a text or quoted name is not closed.

    Examples
    --------
    >>> [statement.text for statement in split_script("select ';' ; -- nothing\n select 2;")]
    ["select ';'", 'select 2']
    """
    try:
        tokens = PlainRedshift().tokenize(sql)
    except SqlglotError:
        raise SqlError(
            f"the SQL cannot be read; is a quote or comment left open? {sql.strip()[:200]}"
        ) from None
    return list(_statements(sql, tokens))


def _statements(sql: str, tokens: list[Token]) -> Iterator[Statement]:
    """Gather tokens up to each semicolon."""
    gathered: list[Token] = []
    for token in [*tokens, None]:
        if token is not None and token.token_type != TokenType.SEMICOLON:
            gathered.append(token)
        elif gathered:
            begin, end = gathered[0].start, gathered[-1].end + 1
            for each in gathered:
                each.start, each.end = each.start - begin, each.end - begin
            yield Statement(sql[begin:end], tuple(gathered))
            gathered = []


def lift_column_keys(statement: Statement) -> str:
    """Move DISTKEY and SORTKEY from a column of a CREATE TABLE to its end, where the parser knows them.

    Examples
    --------
    >>> lift_column_keys(split_script("create table t (a int distkey, b int)")[0])
    'create table t (a int , b int) distkey(a)'
    """
    words = statement.words()
    is_create = words.take("CREATE")
    is_local = words.take("LOCAL")
    words.take_any("TEMP", "TEMPORARY")
    if not (is_create and words.take("TABLE")):
        return statement.text
    text, lifted, depth, column = statement.text, "", 0, ""
    local = statement.tokens[1]
    cuts: list[tuple[int, int]] = [(local.start, local.end + 1)] if is_local else []
    following = [*statement.tokens[1:], None]
    for token, after in zip(statement.tokens, following, strict=True):
        word = token.text.upper()
        depth += {"(": 1, ")": -1}.get(word, 0)
        if depth == 0 and word in ("INTERLEAVED", "COMPOUND") and token.token_type != TokenType.IDENTIFIER:
            cuts.append((token.start, token.end + 1))  # two ways to sort, both nothing here
        if depth != 1 or after is None:
            continue
        if word in ("(", ","):
            column = text[after.start : after.end + 1]
        elif word in ("DISTKEY", "SORTKEY") and after.text != "(" and column.upper() != word:
            cuts.append((token.start, token.end + 1))
            lifted += f" {word.lower()}({column})"
    for begin, end in reversed(cuts):
        text = text[:begin] + text[end:]
    return text + lifted


def quote(name: str) -> str:
    """Quote a name for the engine."""
    return '"' + name.replace('"', '""') + '"'


def quote_text(text: str | None) -> str:
    """Write a text as a literal for the engine."""
    return "NULL" if text is None else "'" + text.replace("'", "''") + "'"
