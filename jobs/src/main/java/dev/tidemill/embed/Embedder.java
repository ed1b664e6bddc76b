package dev.tidemill.embed;

import java.math.BigDecimal;

/// Texts to vectors by one model in one configuration. Safe for any number of threads.
public interface Embedder extends AutoCloseable {

    /// The name in configuration and in stored vector sets.
    String id();

    /// Names everything that decides over the vectors, as far as this side can know it. Equal fingerprints,
    /// comparable vectors.
    String fingerprint();

    int dimensions();

    /// The most tokens a text may have.
    int maxTokens();

    /// How many callers at a time it is best used by.
    int callers();

    /// Whether it computes on the processors of this machine, which questions need too.
    boolean here();

    /// Whether another model may stand behind the same fingerprint one day, as behind the name of a service.
    boolean mayChange();

    /// Price of a million tokens, 0 where nothing is paid.
    BigDecimal pricePerMillionTokens();

    /// The vector of a passage, of length 1.
    ///
    /// @throws TextRefused when this text cannot be embedded, whoever tries how often
    /// @throws EmbeddingUnavailable when the model cannot be reached now
    float[] embed(String text);

    /// The vector of a question, comparable with those of passages.
    float[] embedQuery(String question);

    @Override
    void close();
}
