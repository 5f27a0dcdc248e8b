"""What strict mode demands of messages, by version: the data (text files here), its reader, and the validation."""

from tapewatch.fix.dictionary.layout import ADMIN_TYPES, Dictionary
from tapewatch.fix.dictionary.problem import Problem, Reason
from tapewatch.fix.dictionary.validation import ANY_USER_TAG, validate
from tapewatch.fix.dictionary.versions import dictionary_for

__all__ = ["ADMIN_TYPES", "ANY_USER_TAG", "Dictionary", "Problem", "Reason", "dictionary_for", "validate"]
