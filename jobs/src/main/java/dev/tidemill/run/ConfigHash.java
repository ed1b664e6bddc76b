package dev.tidemill.run;

import java.util.Map;
import java.util.TreeMap;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.core.env.Environment;

/// A hash of all settings of a job that are not the program's own: its section, from whatever source. Where nothing
/// is set, the version of the program says what holds.
final class ConfigHash {

    /// Enough to tell settings apart, short enough to read out.
    static final int LENGTH = 12;

    private final Binder binder;

    ConfigHash(Environment environment) {
        this.binder = Binder.get(environment);
    }

    String of(String job) {
        if (!ConfigurationPropertyName.isValid(job)) {
            return "";
        }
        Map<String, Object> section =
                binder.bind(job, Bindable.mapOf(String.class, Object.class)).orElse(Map.of());
        return Sha256.hex(sorted(section).toString()).substring(0, LENGTH);
    }

    private static Object sorted(Object value) {
        if (!(value instanceof Map<?, ?> map)) {
            return String.valueOf(value);
        }
        Map<String, Object> sorted = new TreeMap<>();
        map.forEach((name, inner) -> sorted.put(String.valueOf(name), inner == null ? "" : sorted(inner)));
        return sorted;
    }
}
