package dev.tidemill.backup;

import dev.tidemill.run.JobPolicy;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/// `job-configs/drill.yaml`: what a restored copy must show.
///
/// @param answers share of the passages of an answer that must be found again, over all questions
/// @param recall share of the true nearest vectors that the index must find
/// @param recallSamples vectors asked for that
/// @param amcheck whether indexes and tables are looked through, where PostgreSQL has the extension
/// @param run priority, limits and retries of its runs
@ConfigurationProperties(prefix = "drill", ignoreUnknownFields = false)
public record DrillProperties(
        @DefaultValue("0.98") double answers,
        @DefaultValue("0.9") double recall,
        @DefaultValue("20") int recallSamples,
        @DefaultValue("true") boolean amcheck,
        @DefaultValue JobPolicy run) {

    public DrillProperties {
        if (answers < 0 || answers > 1 || recall < 0 || recall > 1) {
            throw new IllegalArgumentException(
                    "drill.answers is " + answers + " and drill.recall " + recall + ": both must be between 0 and 1");
        }
        if (recallSamples < 1 || recallSamples > 10_000) {
            throw new IllegalArgumentException(
                    "drill.recall-samples is " + recallSamples + ": must be between 1 and 10000");
        }
    }
}
