package dev.tidemill.schema;

import java.util.logging.Level;
import liquibase.logging.Logger;
import liquibase.logging.core.AbstractLogService;
import liquibase.logging.core.AbstractLogger;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/// Sends Liquibase's log to SLF4J as detail: whatever fails is thrown as well, and the rest is of no interest to an
/// operator.
final class Slf4jLogs extends AbstractLogService {

    @Override
    public int getPriority() {
        return 0;
    }

    @Override
    @SuppressWarnings("rawtypes") // Liquibase declares it so
    public Logger getLog(Class type) {
        return new Slf4jLog(LoggerFactory.getLogger(type));
    }

    private static final class Slf4jLog extends AbstractLogger {

        private final org.slf4j.Logger log;

        Slf4jLog(org.slf4j.Logger log) {
            this.log = log;
        }

        @Override
        public void log(Level level, @Nullable String message, @Nullable Throwable cause) {
            log.debug(message, cause);
        }

        @Override
        public void close() {}
    }
}
