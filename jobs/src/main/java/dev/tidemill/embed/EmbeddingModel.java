package dev.tidemill.embed;

import java.util.Arrays;
import java.util.stream.Collectors;

/// The sentence embedding models that ship with the product. Each is a pair of class path resources: model and
/// tokenizer.
public enum EmbeddingModel {
    ALL_MINILM_L6_V2("all-minilm-l6-v2", "all-minilm-l6-v2", 256, Pooling.MEAN, ""),
    ALL_MINILM_L6_V2_INT8("all-minilm-l6-v2-int8", "all-minilm-l6-v2-q", 256, Pooling.MEAN, ""),
    BGE_SMALL_EN_V1_5("bge-small-en-v1.5", "bge-small-en-v1.5", 512, Pooling.CLS, QueryPrefix.BGE),
    BGE_SMALL_EN_V1_5_INT8("bge-small-en-v1.5-int8", "bge-small-en-v1.5-q", 512, Pooling.CLS, QueryPrefix.BGE);

    /// How the vectors of the tokens become the vector of the text.
    enum Pooling {
        /// the vector of the first token, which stands for the whole text
        CLS,
        /// the mean over all tokens
        MEAN
    }

    private static final class QueryPrefix {
        static final String BGE = "Represent this sentence for searching relevant passages: ";
    }

    private final String id;
    private final String resource;
    private final int maxTokens;
    private final Pooling pooling;
    private final String queryPrefix;

    EmbeddingModel(String id, String resource, int maxTokens, Pooling pooling, String queryPrefix) {
        this.id = id;
        this.resource = resource;
        this.maxTokens = maxTokens;
        this.pooling = pooling;
        this.queryPrefix = queryPrefix;
    }

    /// Finds a model by its [#id()].
    ///
    /// @throws IllegalArgumentException if there is none; the message lists the known ones
    public static EmbeddingModel byId(String id) {
        for (EmbeddingModel model : values()) {
            if (model.id.equals(id)) {
                return model;
            }
        }
        throw new IllegalArgumentException("unknown embedding model '" + id + "'; known are "
                + Arrays.stream(values()).map(EmbeddingModel::id).collect(Collectors.joining(", ")));
    }

    /// The name in configuration and in stored vector sets, for example `bge-small-en-v1.5-int8`.
    public String id() {
        return id;
    }

    public int dimensions() {
        return 384;
    }

    /// The most tokens a text may have, the two special ones included.
    public int maxTokens() {
        return maxTokens;
    }

    /// What the model wants before a question, but not before a passage; empty for models without.
    public String queryPrefix() {
        return queryPrefix;
    }

    Pooling pooling() {
        return pooling;
    }

    String modelResource() {
        return resource + ".onnx";
    }

    String tokenizerResource() {
        return resource + "-tokenizer.json";
    }
}
