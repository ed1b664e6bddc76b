package dev.tidemill.admin;

import java.util.Map;
import java.util.Properties;

/// Text for people, or one JSON object on each line for what collects logs.
final class LogFormat {

    private static final String ENCODER = "tidemill.log.encoder";

    private LogFormat() {}

    /// Takes `tidemill.log.format` or `TIDEMILL_LOG_FORMAT`: `text` or `json`.
    static void choose(Map<String, String> environment, Properties properties) {
        String format =
                properties.getProperty("tidemill.log.format", environment.getOrDefault("TIDEMILL_LOG_FORMAT", "text"));
        switch (format) {
            case "text" -> properties.remove(ENCODER);
            case "json" -> properties.setProperty(ENCODER, "ch.qos.logback.classic.encoder.JsonEncoder");
            default -> throw new IllegalArgumentException("TIDEMILL_LOG_FORMAT is " + format + ": use text or json");
        }
    }
}
