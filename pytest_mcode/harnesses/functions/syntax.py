"""Questions about Python source text."""

import ast
import codeop
import warnings

__all__ = ["begins_statement", "bound_names", "loaded_names", "normalise_newlines", "parse"]


def normalise_newlines(text: str) -> str:
    """Return `text` with every CRLF and lone CR as LF."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def parse(source: str) -> ast.Module | SyntaxError:
    """Parse `source`, or return the error; nothing that a text can hold raises or warns."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except SyntaxError as error:
        return error
    except (ValueError, RecursionError, MemoryError) as error:
        return SyntaxError(str(error))


def begins_statement(line: str) -> bool:
    """Return whether a line is a statement or can be continued to one."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            codeop.compile_command(line, symbol="exec")
    except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError):
        return False
    return True


def bound_names(tree: ast.AST) -> set[str]:
    """Return the names that a module or statement binds in its scope, also in ``if``, ``try``, loops."""
    names = set()
    stack: list[ast.AST] = [tree]
    while stack:
        match stack.pop():
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.alias(name=name, asname=asname):
                names.add((asname or name).partition(".")[0])
            case ast.Name(id=name, ctx=ast.Store()):
                names.add(name)
            case ast.Lambda() | ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                pass
            case node:
                stack.extend(ast.iter_child_nodes(node))
    return names


def loaded_names(tree: ast.AST) -> set[str]:
    """Return every name that is read anywhere in a tree, whatever its scope."""
    return {
        node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
