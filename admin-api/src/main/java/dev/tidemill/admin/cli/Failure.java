package dev.tidemill.admin.cli;

import dev.tidemill.admin.Home;
import dev.tidemill.admin.schedules.InvalidSchedule;
import dev.tidemill.backup.BackupDamaged;
import dev.tidemill.postgres.DatabaseUnavailable;
import dev.tidemill.run.RunConflict;
import dev.tidemill.schema.SchemaChangeFailed;
import dev.tidemill.source.SourceUnavailable;
import java.io.IOException;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.context.properties.bind.UnboundConfigurationPropertiesException;
import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.web.server.PortInUseException;
import org.yaml.snakeyaml.error.MarkedYAMLException;

/// What an operator is told about an exception: one line that says what is wrong and what to do.
record Failure(int exitCode, String line) {

    static Failure of(Throwable thrown, Home home) {
        List<Throwable> causes = new ArrayList<>();
        for (Throwable cause = thrown; cause != null && causes.size() < 50; cause = cause.getCause()) {
            causes.add(cause);
        }
        for (Throwable cause : causes) {
            if (outOfSpace(cause)) {
                return new Failure(
                        ExitCode.ERROR,
                        "the disk is full: make room under " + home.folder()
                                + ", or name another data folder with TIDEMILL_HOME");
            }
        }
        // The innermost known cause says the most.
        for (Throwable cause : causes.reversed()) {
            Failure known = known(cause);
            if (known != null) {
                return known;
            }
        }
        // The framework wraps what the program said; the program's own message names what to do.
        Throwable said = causes.stream()
                .filter(cause -> !cause.getClass().getName().startsWith("org.springframework."))
                .findFirst()
                .orElse(thrown);
        return new Failure(ExitCode.ERROR, message(said) + " (more in " + home.logFile() + ")");
    }

    private static @org.jspecify.annotations.Nullable Failure known(Throwable cause) {
        return switch (cause) {
            case CommandFailed failed -> new Failure(failed.exitCode(), message(failed));
            case ApiProblem problem -> new Failure(problem.exitCode(), message(problem));
            case PortInUseException port ->
                new Failure(
                        ExitCode.ERROR,
                        "port " + port.getPort()
                                + " is in use: choose another with --port, or stop what listens there");
            case BackupDamaged damaged -> new Failure(ExitCode.VERIFICATION_FAILED, message(damaged));
            case DatabaseUnavailable unavailable -> new Failure(ExitCode.ERROR, message(unavailable));
            case SchemaChangeFailed failed -> new Failure(ExitCode.ERROR, message(failed));
            case InvalidSchedule wrong -> new Failure(ExitCode.ERROR, message(wrong));
            case SourceUnavailable unavailable -> new Failure(ExitCode.NOT_FOUND, message(unavailable));
            case RunConflict conflict -> new Failure(ExitCode.CONFLICT, message(conflict));
            case MarkedYAMLException yaml -> new Failure(ExitCode.ERROR, "bad YAML: " + message(yaml));
            case UnboundConfigurationPropertiesException unknown ->
                new Failure(
                        ExitCode.ERROR,
                        "unknown setting "
                                + unknown.getUnboundProperties().stream()
                                        .map(Failure::named)
                                        .collect(Collectors.joining(", ")));
            case BindException bind
            when !(bind.getCause() instanceof UnboundConfigurationPropertiesException) -> bindFailure(bind);
            default -> null;
        };
    }

    private static Failure bindFailure(BindException bind) {
        Throwable root = bind;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        ConfigurationProperty property = bind.getProperty();
        return new Failure(
                ExitCode.ERROR,
                (property == null ? "bad setting" : "bad setting " + named(property) + " = " + property.getValue())
                        + ": " + message(root));
    }

    private static String named(ConfigurationProperty property) {
        return property.getName() + (property.getOrigin() == null ? "" : " at " + property.getOrigin());
    }

    private static boolean outOfSpace(Throwable cause) {
        return (cause instanceof SQLException sql && "53100".equals(sql.getSQLState()))
                || (cause instanceof IOException && message(cause).contains("No space left on device"));
    }

    private static String message(Throwable cause) {
        return oneLine(cause.getMessage() == null ? cause.getClass().getName() : cause.getMessage());
    }

    private static String oneLine(String text) {
        return text.strip().replaceAll("\\s*\\R\\s*", " ");
    }
}
