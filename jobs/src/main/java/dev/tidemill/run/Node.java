package dev.tidemill.run;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// This process, as its row in `nodes` tells others.
///
/// @param bootId new with every start
/// @param name for people
/// @param place kernel and process namespace in which the pid means this process, null where that is unknown
/// @param adopts whether it takes over what other processes queued or left behind
public record Node(
        UUID bootId,
        String name,
        @Nullable String place,
        long pid,
        @Nullable Instant processStartedAt,
        String version,
        boolean adopts) {

    private static final Duration START_TOLERANCE = Duration.ofSeconds(2);

    /// What the application name of every database connection of this process ends with, so that others can end
    /// them once it is dead.
    public String connectionMark() {
        return connectionMark(bootId);
    }

    static String connectionMark(UUID bootId) {
        return "#" + bootId.toString().substring(0, 8);
    }

    static Node ofThisProcess(boolean adopts) {
        ProcessHandle process = ProcessHandle.current();
        String version = Node.class.getPackage().getImplementationVersion();
        return new Node(
                UUID.randomUUID(),
                hostName() + ":" + process.pid(),
                here(),
                process.pid(),
                process.info().startInstant().orElse(null),
                version == null ? "development" : version,
                adopts);
    }

    private static String hostName() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "localhost";
        }
    }

    private static @Nullable String here() {
        try {
            String kernel =
                    Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip();
            return kernel + " " + Files.readSymbolicLink(Path.of("/proc/self/ns/pid"));
        } catch (IOException e) {
            // Not Linux: the wait for an expired heartbeat remains.
            return null;
        }
    }

    /// Whether a process of the same place is certainly gone: nothing has its number, or something else does.
    boolean knowsGone(@Nullable String otherPlace, long otherPid, @Nullable Instant otherStartedAt) {
        if (place == null || !place.equals(otherPlace)) {
            return false;
        }
        ProcessHandle process =
                ProcessHandle.of(otherPid).filter(ProcessHandle::isAlive).orElse(null);
        if (process == null) {
            return true;
        }
        Instant startedAt = process.info().startInstant().orElse(null);
        return startedAt != null
                && otherStartedAt != null
                && Duration.between(startedAt, otherStartedAt).abs().compareTo(START_TOLERANCE) > 0;
    }
}
