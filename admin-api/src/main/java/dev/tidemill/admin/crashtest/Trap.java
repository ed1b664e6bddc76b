package dev.tidemill.admin.crashtest;

import org.jspecify.annotations.Nullable;

/// Waits for the next fault's moment and lets it strike there, on the thread whose message it holds back.
final class Trap implements Wire.Watcher {

    /// Does what the fault says.
    interface Strike {
        /// Strikes.
        ///
        /// @return whether the connection is to be cut
        boolean at(Fault fault, Wire wire, Wire.@Nullable Link link);
    }

    private final Strike strike;
    private @Nullable Fault armed;
    private boolean open;
    private int hits;
    private @Nullable Fault struck;
    private @Nullable Wire victim;
    private @Nullable Wire active;
    private long struckNanos;
    private long committedNanos;
    private @Nullable Wire committer;

    Trap(Strike strike) {
        this.strike = strike;
    }

    /// @param fault null for none
    synchronized void arm(@Nullable Fault fault) {
        armed = fault;
        hits = 0;
        struck = null;
    }

    /// A fault that has its moment only while a run is at work.
    synchronized void open(boolean now) {
        open = now;
    }

    synchronized boolean isArmed() {
        return armed != null;
    }

    synchronized @Nullable Fault armed() {
        return armed;
    }

    synchronized @Nullable Fault struck() {
        return struck;
    }

    /// The wire of the process that was struck.
    synchronized @Nullable Wire victim() {
        return victim;
    }

    synchronized long struckNanos() {
        return struckNanos;
    }

    /// When a chunk was committed after the fault, 0 while none was.
    synchronized long recoveredNanos() {
        return committedNanos > struckNanos ? committedNanos : 0;
    }

    /// Whether a chunk was committed after the fault by another process than the struck one.
    synchronized boolean takenOver() {
        return committedNanos > struckNanos && committer != victim;
    }

    @Override
    public synchronized boolean passed(Wire wire, Wire.Link link, KillPoint point) {
        active = wire;
        Fault fault = armed;
        if (fault == null || !open || fault.point() != point || ++hits < fault.occurrence()) {
            return false;
        }
        return strike(fault, wire, link);
    }

    /// Strikes now, wherever the run is. False when no process has been seen at work.
    synchronized boolean now() {
        Wire wire = active;
        Fault fault = armed;
        if (wire == null || fault == null || !open) {
            return false;
        }
        strike(fault, wire, null);
        return true;
    }

    private boolean strike(Fault fault, Wire wire, Wire.@Nullable Link link) {
        armed = null;
        struck = fault;
        victim = wire;
        boolean cut = strike.at(fault, wire, link);
        struckNanos = System.nanoTime();
        return cut;
    }

    @Override
    public synchronized void committed(Wire wire) {
        committedNanos = System.nanoTime();
        committer = wire;
    }
}
