"""What a recipe becomes on the model at hand: an encoder writes no text, so there is none of its own to hold in place."""

from tli_bench.models import LoadedModel
from tli_bench.training.recipe import Recipe
from tli_bench.training.retention import writes_text


def fitted(recipe: Recipe, loaded: LoadedModel, *, text: bool) -> tuple[Recipe, str]:
    """The recipe for this model, and what was changed as a sentence, empty where nothing was. text: whether a retention text is given.

    Without a language-model head there are no next-token distributions: retention holds the hidden states of the text that is
    given, or nothing where none is.
    """
    if recipe.retention == "none" or writes_text(loaded.model, loaded.tokenizer):
        return recipe, ""
    if recipe.retention == "hidden" and text:
        return recipe, ""
    kind = "hidden" if text else "none"
    why = f"{loaded.id} writes no text: retention {kind} in place of {recipe.retention}"
    hint = "" if text else "; to hold ordinary text in place, give some with --retain-text FILE"
    return recipe.with_options(retention=kind), why + hint
