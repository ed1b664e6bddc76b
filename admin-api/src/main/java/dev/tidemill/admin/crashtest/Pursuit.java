package dev.tidemill.admin.crashtest;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.DataAccessException;

/// Follows one launch on the disturbed side to its end: asks for it, arms the next fault, sees to what a fault
/// needs, takes the time of recovery.
///
/// What it waits for happens in other processes, which may be dead: nothing could tell it, so it looks again
/// and again.
final class Pursuit {

    private static final long ZOMBIE_WATCH_NANOS = TimeUnit.SECONDS.toNanos(4);

    private final Nodes nodes;
    private final Trap trap;
    private final Path logs;
    private final Order order;
    private final @Nullable Campaign campaign;
    private @Nullable WorkerProcess asked;
    private long askedNanos;
    private @Nullable String state;
    private boolean recovering;
    private boolean looked;
    private long armedNanos;
    private int missed;
    private long deadline = System.nanoTime() + Nodes.PATIENCE.toNanos();

    /// @param campaign whose faults strike it, null for none
    Pursuit(Nodes nodes, Path logs, Order order, @Nullable Campaign campaign) {
        this.nodes = nodes;
        this.trap = nodes.trap();
        this.logs = logs;
        this.order = order;
        this.campaign = campaign;
    }

    /// To its end.
    void run() throws InterruptedException {
        while (!("completed".equals(state) && !recovering && nodes.stopped() == null)) {
            nodes.keep();
            look();
            TimeUnit.MILLISECONDS.sleep(10);
        }
        trap.open(false);
    }

    private void look() throws InterruptedException {
        boolean reachable = true;
        try {
            state = nodes.crashed().ledger().state(order.identity());
        } catch (DataAccessException e) {
            // The server is recovering from what was done to it.
            state = null;
            reachable = false;
        }
        if (state == null) {
            trap.open(false);
            if (reachable) {
                ask();
            }
        } else if (state.equals("failed") || state.equals("needs_operator") || state.equals("stopped")) {
            throw new IllegalStateException(order.job() + " did not go on by itself: "
                    + nodes.crashed().ledger().why(order.identity()) + "; the logs are in " + logs);
        }
        boolean working = "running".equals(state) || "waiting".equals(state);
        if (campaign != null) {
            trap.open(working && !recovering);
            follow(campaign, working, reachable);
        }
        if (System.nanoTime() > deadline) {
            throw new IllegalStateException("no progress for " + Nodes.PATIENCE.toSeconds() + " s in "
                    + order.identity() + " (" + state + "): "
                    + (asked == null ? "no process was ready" : asked.refusal()) + "; the logs are in " + logs);
        }
    }

    private void ask() {
        WorkerProcess last = asked;
        if (last == null || !last.alive() || System.nanoTime() - askedNanos > TimeUnit.SECONDS.toNanos(10)) {
            nodes.ready(nodes.crashed()).ifPresent(worker -> {
                worker.launch(order);
                asked = worker;
                askedNanos = System.nanoTime();
            });
        }
    }

    private void follow(Campaign struck, boolean working, boolean reachable) throws InterruptedException {
        Fault fault = trap.struck();
        if (fault != null && !recovering) {
            recovering = true;
            looked = false;
            struck.struck(fault);
            deadline = System.nanoTime() + Nodes.PATIENCE.toNanos();
        }
        if (recovering) {
            if (!looked && reachable) {
                looked = true;
                lookAround(struck);
            }
            recover(struck);
            return;
        }
        Fault armed = trap.armed();
        if (armed == null && working) {
            Fault next = struck.next();
            if (next != null) {
                trap.arm(next);
                armedNanos = System.nanoTime();
                missed = 0;
            }
        } else if (armed != null && armed.point() == KillPoint.ANYWHERE && working) {
            if (armedNanos == 0) {
                // Armed in an earlier round, whose run was too short for it.
                armedNanos = System.nanoTime();
                missed = 1;
            } else if (System.nanoTime() - armedNanos > TimeUnit.MILLISECONDS.toNanos(armed.delayMillis() >> missed)) {
                trap.now();
            }
        }
    }

    /// At this moment, too, nobody may see anything that is half done.
    private void lookAround(Campaign struck) {
        try {
            nodes.crashed().ledger().halfVisible().forEach(struck::fault);
            struck.subject().meanwhile(nodes.crashed()).forEach(struck::fault);
        } catch (DataAccessException e) {
            // The server has gone away again.
            looked = false;
        } catch (IOException e) {
            struck.fault("what the job left so far cannot be read: " + e.getMessage());
        }
    }

    private void recover(Campaign struck) throws InterruptedException {
        WorkerProcess zombie = nodes.stopped();
        long recovered = trap.recoveredNanos();
        boolean completed = "completed".equals(state);
        if (zombie != null && !trap.takenOver() && !completed) {
            return;
        }
        if (recovered == 0 && !completed) {
            return;
        }
        long at = recovered == 0 ? System.nanoTime() : recovered;
        double seconds = (at - trap.struckNanos()) / 1e9;
        if (zombie != null) {
            wakeZombie(struck, zombie);
            nodes.woken();
        }
        trap.arm(null);
        recovering = false;
        deadline = System.nanoTime() + Nodes.PATIENCE.toNanos();
        struck.recovered(seconds);
    }

    /// Lets a process go on that others took for dead: none of its transactions may commit any more. Watched for a
    /// while, as that nothing happens tells of itself never.
    private void wakeZombie(Campaign struck, WorkerProcess zombie) throws InterruptedException {
        long before = zombie.wire().fenced();
        zombie.signal("CONT");
        long until = System.nanoTime() + ZOMBIE_WATCH_NANOS;
        while (System.nanoTime() < until
                && !"completed".equals(nodes.crashed().ledger().state(order.identity()))) {
            TimeUnit.MILLISECONDS.sleep(20);
        }
        long after = zombie.wire().fenced();
        if (after != before) {
            struck.fault("a process that had been taken over committed " + (after - before) + " transactions");
        }
    }
}
