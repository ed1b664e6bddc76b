package dev.tidemill.embed;

import java.text.Normalizer;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/// The tokenizer of the BERT family (uncased): clean, lower-case, strip accents, split at white space
/// and punctuation, then the longest known pieces of each word from the left.
///
/// One pass in constant memory, whatever the text's length, and without native code. Its tokens are
/// those of the reference tokenizer with two exceptions. The names of special tokens in a text, such as
/// `[SEP]`, are plain text here: a document must not be able to write the model's control tokens. And
/// marks and punctuation younger than Unicode 9 are known as such.
final class WordPiece {

    /// Receives the tokens in order.
    @FunctionalInterface
    interface Sink {
        /// Takes one token.
        ///
        /// @param start first char of the token in the text
        /// @param end char after the token
        void token(int id, int start, int end);
    }

    private static final String CONTINUATION = "##";

    private final int classId;
    private final int separatorId;
    private final int unknownId;
    private final int maxWord;
    private final Trie trie = new Trie();
    private final int wordRoot;
    private final int continuationRoot;

    /// Reads a `tokenizer.json`.
    ///
    /// @throws IllegalArgumentException if it describes another kind of tokenizer
    WordPiece(byte[] tokenizerJson, String name) {
        JsonNode root = new ObjectMapper().readTree(tokenizerJson);
        JsonNode normalizer = root.path("normalizer");
        JsonNode model = root.path("model");
        boolean supported = normalizer.path("type").asString("").equals("BertNormalizer")
                && normalizer.path("clean_text").asBoolean(false)
                && normalizer.path("handle_chinese_chars").asBoolean(false)
                && normalizer.path("lowercase").asBoolean(false)
                && !normalizer.path("strip_accents").toString().equals("false")
                && root.path("pre_tokenizer").path("type").asString("").equals("BertPreTokenizer")
                && model.path("type").asString("WordPiece").equals("WordPiece")
                && model.path("continuing_subword_prefix").asString("").equals(CONTINUATION);
        if (!supported) {
            throw new IllegalArgumentException(name + " is not an uncased BERT WordPiece tokenizer");
        }
        maxWord = model.path("max_input_chars_per_word").asInt(100);
        JsonNode vocabulary = model.path("vocab");
        classId = id(vocabulary, "[CLS]", name);
        separatorId = id(vocabulary, "[SEP]", name);
        unknownId = id(vocabulary, model.path("unk_token").asString("[UNK]"), name);
        wordRoot = trie.newNode();
        continuationRoot = trie.newNode();
        for (Map.Entry<String, JsonNode> entry : vocabulary.properties()) {
            String token = entry.getKey();
            boolean continuation = token.length() > CONTINUATION.length() && token.startsWith(CONTINUATION);
            trie.put(
                    continuation ? continuationRoot : wordRoot,
                    continuation ? token.substring(CONTINUATION.length()) : token,
                    entry.getValue().asInt());
        }
    }

    private static int id(JsonNode vocabulary, String token, String name) {
        int id = vocabulary.path(token).asInt(-1);
        if (id < 0) {
            throw new IllegalArgumentException(name + " lacks the token " + token);
        }
        return id;
    }

    int classId() {
        return classId;
    }

    int separatorId() {
        return separatorId;
    }

    /// Hands every token of the text to the sink, without the two special ones around a text.
    void tokenize(String text, Sink sink) {
        Word word = new Word(sink);
        int length = text.length();
        for (int at = 0; at < length; ) {
            int c = text.codePointAt(at);
            int next = at + Character.charCount(c);
            if (c < 0x80) {
                ascii(word, c, at, next);
            } else {
                beyondAscii(word, c, at, next);
            }
            at = next;
        }
        word.end();
    }

    private static void ascii(Word word, int c, int at, int next) {
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
            word.add(c, at, next);
        } else if (c >= 'A' && c <= 'Z') {
            word.add(c + ('a' - 'A'), at, next);
        } else if (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
            word.end();
        } else if (c > ' ' && c < 0x7f) {
            word.single(c, at, next);
        }
    }

    private static void beyondAscii(Word word, int c, int at, int next) {
        if (c == 0xFFFD || isControl(c)) {
            return;
        }
        if (isWhiteSpace(c)) {
            word.end();
            return;
        }
        boolean ideograph = isIdeograph(c);
        if (ideograph) {
            word.end();
        }
        String decomposed = c < 0xC0 ? null : Normalizer.normalize(Character.toString(c), Normalizer.Form.NFD);
        if (decomposed == null) {
            part(word, c, at, next);
        } else {
            for (int i = 0; i < decomposed.length(); ) {
                int d = decomposed.codePointAt(i);
                i += Character.charCount(d);
                if (Character.getType(d) != Character.NON_SPACING_MARK) {
                    part(word, Character.toLowerCase(d), at, next);
                }
            }
        }
        if (ideograph) {
            word.end();
        }
    }

    private static void part(Word word, int c, int at, int next) {
        if (isWhiteSpace(c)) {
            word.end();
        } else if (isPunctuation(c)) {
            word.single(c, at, next);
        } else {
            word.add(c, at, next);
        }
    }

    private static boolean isWhiteSpace(int c) {
        return switch (c) {
            case 0x2028, 0x2029 -> true;
            default -> Character.getType(c) == Character.SPACE_SEPARATOR;
        };
    }

    private static boolean isControl(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL, Character.FORMAT, Character.PRIVATE_USE, Character.SURROGATE -> true;
            default -> false;
        };
    }

    private static boolean isPunctuation(int c) {
        return switch (Character.getType(c)) {
            case Character.CONNECTOR_PUNCTUATION,
                    Character.DASH_PUNCTUATION,
                    Character.START_PUNCTUATION,
                    Character.END_PUNCTUATION,
                    Character.INITIAL_QUOTE_PUNCTUATION,
                    Character.FINAL_QUOTE_PUNCTUATION,
                    Character.OTHER_PUNCTUATION -> true;
            default -> false;
        };
    }

    /// The blocks the models were trained with, not the property of today's Unicode.
    private static boolean isIdeograph(int c) {
        return (c >= 0x4E00 && c <= 0x9FFF)
                || (c >= 0x3400 && c <= 0x4DBF)
                || (c >= 0x20000 && c <= 0x2A6DF)
                || (c >= 0x2A700 && c <= 0x2B73F)
                || (c >= 0x2B740 && c <= 0x2B81F)
                || (c >= 0x2B920 && c <= 0x2CEAF)
                || (c >= 0xF900 && c <= 0xFAFF)
                || (c >= 0x2F800 && c <= 0x2FA1F);
    }

    /// The word being read. A word longer than the limit is one unknown token and is not kept.
    private final class Word {
        private final Sink sink;
        private final int[] codePoints = new int[maxWord];
        private final int[] starts = new int[maxWord];
        private final int[] ends = new int[maxWord];
        private final int[] ids = new int[maxWord];
        private final int[] idEnds = new int[maxWord];
        private int length;
        private int end;

        Word(Sink sink) {
            this.sink = sink;
        }

        void add(int c, int start, int next) {
            if (length < maxWord) {
                codePoints[length] = c;
                starts[length] = start;
                ends[length] = next;
            }
            length++;
            end = next;
        }

        void single(int c, int start, int next) {
            end();
            add(c, start, next);
            end();
        }

        void end() {
            if (length == 0) {
                return;
            }
            int pieces = length > maxWord ? 0 : pieces();
            if (pieces == 0) {
                sink.token(unknownId, starts[0], end);
            }
            int from = 0;
            for (int i = 0; i < pieces; i++) {
                sink.token(ids[i], starts[from], ends[idEnds[i] - 1]);
                from = idEnds[i];
            }
            length = 0;
        }

        /// The number of pieces the word falls into, 0 where some part of it is unknown.
        private int pieces() {
            int count = 0;
            int from = 0;
            while (from < length) {
                int node = from == 0 ? wordRoot : continuationRoot;
                int bestId = -1;
                int bestEnd = from;
                for (int at = from; at < length; at++) {
                    node = trie.child(node, codePoints[at]);
                    if (node < 0) {
                        break;
                    }
                    int id = trie.id(node);
                    if (id >= 0) {
                        bestId = id;
                        bestEnd = at + 1;
                    }
                }
                if (bestId < 0) {
                    return 0;
                }
                ids[count] = bestId;
                idEnds[count++] = bestEnd;
                from = bestEnd;
            }
            return count;
        }
    }
}
