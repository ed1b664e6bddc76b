package dev.tidemill.admin.schedules;

import java.util.Locale;

/// The words that stand for values in files, columns and answers: `stop-running` for STOP_RUNNING.
final class Words {

    private Words() {}

    static String of(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    static <E extends Enum<E>> E parse(Class<E> type, String word) {
        return Enum.valueOf(type, word.toUpperCase(Locale.ROOT).replace('-', '_'));
    }
}
