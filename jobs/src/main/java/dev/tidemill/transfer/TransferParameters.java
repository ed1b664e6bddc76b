package dev.tidemill.transfer;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.batch.core.job.parameters.JobParameters;
import org.springframework.batch.core.step.StepExecution;

/// What an export or import was asked to do, as its job parameters hold it.
///
/// @param onlyLive leaves out the sets that do not answer
/// @param onConflict what an import does with documents that are there already
/// @param passphraseFrom where the passphrase is, null for none
/// @param instance of the run
/// @param runId the execution, kept with every version and chunk that an import writes
record TransferParameters(
        UUID workspaceId,
        UUID projectId,
        String project,
        Path file,
        Format format,
        boolean onlyLive,
        String onConflict,
        @Nullable String passphraseFrom,
        long instance,
        long runId) {

    /// What an export writes.
    enum Format {
        /// one file that can be imported
        ARCHIVE,
        /// a line for each chunk
        LINES,
        /// a folder of Parquet files
        PARQUET;

        /// As parameters name it.
        String parameter() {
            return this == LINES ? "jsonl" : name().toLowerCase(Locale.ROOT);
        }

        static List<String> parameters() {
            return Stream.of(values()).map(Format::parameter).toList();
        }

        static Format of(@Nullable String parameter) {
            return Stream.of(values())
                    .filter(format -> format.parameter().equals(parameter))
                    .findFirst()
                    .orElse(ARCHIVE);
        }
    }

    static TransferParameters of(StepExecution step) {
        JobParameters parameters = step.getJobParameters();
        return new TransferParameters(
                UUID.fromString(required(parameters, "workspace")),
                UUID.fromString(required(parameters, "projectId")),
                required(parameters, "project"),
                Path.of(required(parameters, "file")),
                Format.of(parameters.getString("format")),
                "live".equals(parameters.getString("sets")),
                String.valueOf(parameters.getString("onConflict")),
                parameters.getString(Passphrase.PARAMETER),
                step.getJobExecution().getJobInstanceId(),
                step.getJobExecutionId());
    }

    /// Where the parts of an export wait until the file is made of them.
    Path parts() {
        return Path.of(file + ".parts-" + instance);
    }

    private static String required(JobParameters parameters, String name) {
        String value = parameters.getString(name);
        if (value == null) {
            throw new IllegalArgumentException("the run lacks its parameter " + name);
        }
        return value;
    }
}
