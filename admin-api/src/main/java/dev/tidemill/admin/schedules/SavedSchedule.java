package dev.tidemill.admin.schedules;

import java.util.UUID;

/// A schedule as all processes know it.
///
/// @param definition the text of its file
/// @param timing fingerprint of when it comes
/// @param pausedInFile what the file says about the pause
record SavedSchedule(
        UUID workspaceId, String name, String definition, String timing, boolean paused, boolean pausedInFile) {

    Schedule read() {
        return ScheduleReader.read(name, definition);
    }
}
