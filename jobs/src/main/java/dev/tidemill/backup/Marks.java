package dev.tidemill.backup;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// What was found out about a backup after it was made. Lies beside it, so that it outlives the database.
///
/// @param level 0 listed, 1 manifest and sizes, 2 all checksums, 3 restored and compared, 4 answers questions
/// @param levelAt when that was shown last
/// @param damage what is wrong with it, empty for nothing known
/// @param pinned why it is never to expire, null when it may
public record Marks(
        int level,
        @Nullable Instant levelAt,
        String damage,
        @Nullable String pinned) {

    static final Marks NONE = new Marks(0, null, "", null);

    Marks atLevel(int reached, Instant now) {
        return new Marks(reached, now, "", pinned);
    }

    Marks damaged(String how, Instant now) {
        return new Marks(0, now, how, pinned);
    }

    Marks pinned(@Nullable String why) {
        return new Marks(level, levelAt, damage, why);
    }
}
