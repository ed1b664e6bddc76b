package dev.tidemill.answer;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/// When to answer, and how much.
///
/// The defaults were measured with bge-small-en-v1.5-int8 over the SciFact abstracts: of 100 SciFact
/// claims 94 are answered, of 100 Cranfield questions, which those abstracts do not cover, 2, of 20
/// everyday questions none. Another model needs others.
///
/// @param sureSimilarity a sentence as near to the question as this is an answer whatever its words;
///     cosine, 0 to 1
/// @param minimumSimilarity below this nothing is an answer; cosine, 0 to 1
/// @param minimumCoverage between the two a passage must hold this share of the question's words,
///     weighed by rarity; 0 to 1
/// @param passages how many hits are read for sentences
/// @param sentences how many sentences an answer has at most
@ConfigurationProperties(prefix = "tidemill.answer", ignoreUnknownFields = false)
public record AnswerProperties(
        @DefaultValue("0.74") double sureSimilarity,
        @DefaultValue("0.66") double minimumSimilarity,
        @DefaultValue("0.50") double minimumCoverage,
        @DefaultValue("8") int passages,
        @DefaultValue("3") int sentences) {

    public AnswerProperties {
        share("sure-similarity", sureSimilarity);
        share("minimum-similarity", minimumSimilarity);
        share("minimum-coverage", minimumCoverage);
        if (minimumSimilarity > sureSimilarity) {
            throw new IllegalArgumentException("tidemill.answer.minimum-similarity " + minimumSimilarity
                    + " is above sure-similarity " + sureSimilarity + ": lower it");
        }
        count("passages", passages, 50);
        count("sentences", sentences, 10);
    }

    private static void share(String name, double value) {
        if (!(value >= 0 && value <= 1)) {
            throw new IllegalArgumentException(
                    "tidemill.answer." + name + " is " + value + ": use a number from 0 to 1");
        }
    }

    private static void count(String name, int value, int most) {
        if (value < 1 || value > most) {
            throw new IllegalArgumentException(
                    "tidemill.answer." + name + " is " + value + ": use a number from 1 to " + most);
        }
    }
}
