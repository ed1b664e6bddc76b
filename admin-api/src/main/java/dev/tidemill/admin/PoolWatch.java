package dev.tidemill.admin;

import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.HikariPoolMXBean;
import dev.tidemill.run.Control;
import dev.tidemill.run.LaunchRequest;
import dev.tidemill.run.alerts.Event;
import dev.tidemill.run.alerts.Outbox;
import dev.tidemill.run.alerts.Severity;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;

/// Notices pools in which threads wait for a connection for long, tells operators, and tells them when it is over.
final class PoolWatch {

    private final List<HikariDataSource> pools;
    private final Control control;
    private final Outbox outbox;
    private final long exhaustedAfterNanos;
    private final Map<String, Long> waitingSince = new HashMap<>();
    private final Set<String> exhausted = ConcurrentHashMap.newKeySet();
    private final Set<String> told = new HashSet<>();

    PoolWatch(List<HikariDataSource> pools, Control control, Duration exhaustedAfter) {
        this.pools = List.copyOf(pools);
        this.control = control;
        this.outbox = new Outbox(control.jdbc());
        this.exhaustedAfterNanos = exhaustedAfter.toNanos();
    }

    List<HikariDataSource> pools() {
        return pools;
    }

    /// Names of the pools that are exhausted now.
    Set<String> exhausted() {
        return new TreeSet<>(exhausted);
    }

    /// Looks once.
    ///
    /// @param nanos the time, by a clock that only grows
    void look(long nanos) {
        for (HikariDataSource pool : pools) {
            HikariPoolMXBean state = pool.getHikariPoolMXBean();
            String name = pool.getPoolName();
            if (state == null || state.getThreadsAwaitingConnection() == 0) {
                waitingSince.remove(name);
                exhausted.remove(name);
            } else {
                long since = waitingSince.computeIfAbsent(name, unseen -> nanos);
                if (nanos - since >= exhaustedAfterNanos) {
                    exhausted.add(name);
                }
            }
            tell(pool, name);
        }
    }

    private void tell(HikariDataSource pool, String name) {
        boolean is = exhausted.contains(name);
        if (is == told.contains(name)) {
            return;
        }
        String key = "pool/" + name;
        if (is) {
            control.run(() -> outbox.raise(new Event(
                    LaunchRequest.INSTALLATION,
                    "pool.exhausted",
                    Severity.ERROR,
                    key,
                    "All " + pool.getMaximumPoolSize() + " connections of the pool " + name
                            + " are taken and threads wait for" + " one. Raise tidemill.database." + name
                            + "-pool, or look for what holds them",
                    Map.of("pool", name, "size", pool.getMaximumPoolSize()))));
            told.add(name);
        } else {
            control.run(() -> outbox.resolve(
                    LaunchRequest.INSTALLATION, key, "The pool " + name + " has free connections again"));
            told.remove(name);
        }
    }
}
