"""Forms of what answers to a word after !."""

from __future__ import annotations

from django import forms

from joystick.chat import taken


class FreeWordsForm(forms.ModelForm):  # type: ignore[type-arg]
    """A form with `word` and `aliases`, which refuses words that something else answers to."""

    def clean_word(self) -> str:
        """Return the word as commands are looked up."""
        return self._free(self.cleaned_data["word"].casefold())

    def clean_aliases(self) -> str:
        """Return the other words, each once."""
        words = [word.removeprefix("!").casefold() for word in self.cleaned_data["aliases"].replace(",", " ").split()]
        for word in words:
            if not word.isidentifier() and not word.isalnum():
                raise forms.ValidationError(f"“{word[:40]}” is no word: letters, digits and _ alone.")
            self._free(word)
        return " ".join(dict.fromkeys(words))

    def _free(self, word: str) -> str:
        owner = taken.owner_of(word, but=self.instance)
        if owner:
            raise forms.ValidationError(f"!{word} is taken: {owner}.")
        return word
