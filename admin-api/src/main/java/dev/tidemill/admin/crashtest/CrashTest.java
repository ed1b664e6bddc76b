package dev.tidemill.admin.crashtest;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;

/// Runs jobs twice: undisturbed, and while processes, connections and the database server are killed at seeded
/// moments. Then both sides must hold the same.
public final class CrashTest implements AutoCloseable {

    private final Options options;
    private final Consumer<String> progress;
    private final Path scratch;
    private final Nodes nodes;
    private final World world;
    private final Payments payments;
    private final Library library;

    /// What a test is to do.
    ///
    /// @param jobs to be tried, one after the other; the kills are shared out
    /// @param nodes processes that are kept alive
    /// @param documents in the folder at first
    /// @param lease how long a silent process is believed alive
    public record Options(Set<String> jobs, long seed, int kills, Mode mode, int documents, int nodes, Duration lease) {

        public Options {
            jobs = Set.copyOf(jobs);
            List<String> known = CrashTest.jobs();
            if (jobs.isEmpty() || !known.containsAll(jobs)) {
                throw new IllegalArgumentException("jobs are " + jobs + ": use some of " + known);
            }
            if (kills < jobs.size() || kills > 100_000) {
                throw new IllegalArgumentException(
                        "kills is " + kills + ": use " + jobs.size() + " to 100000, at least one for each job");
            }
            if (documents < 4 || documents > 10_000) {
                throw new IllegalArgumentException("documents is " + documents + ": use 4 to 10000");
            }
            if (nodes < 1 || nodes > 8) {
                throw new IllegalArgumentException("nodes is " + nodes + ": use 1 to 8");
            }
            if (lease.toMillis() < 2_000) {
                throw new IllegalArgumentException("lease is " + lease + ": must be at least 2s");
            }
        }
    }

    /// The names of the jobs that can be tried, in the order in which they are.
    public static List<String> jobs() {
        return Subject.all().stream().map(Subject::job).toList();
    }

    /// @param folder empty or not there yet
    /// @param progress told of each fault and recovery
    public CrashTest(Options options, Path folder, Consumer<String> progress) {
        this.options = options;
        this.progress = progress;
        this.scratch = folder.toAbsolutePath().normalize();
        try {
            Files.createDirectories(scratch.resolve("logs"));
            // The database server's own account passes through to its folder.
            Files.setPosixFilePermissions(scratch, PosixFilePermissions.fromString("rwx--x--x"));
        } catch (IOException e) {
            throw new UncheckedIOException("the scratch folder " + scratch + " cannot be used: " + e.getMessage(), e);
        }
        library = new Library(scratch.resolve("library"), options.seed(), options.documents());
        payments = new Payments(scratch);
        nodes = new Nodes(options, scratch);
        world = new World(nodes, library, payments, this::undisturbed);
    }

    /// Runs to the end of the schedule, or to the first job that leaves a difference.
    public Report run() throws InterruptedException, IOException {
        nodes.start();
        List<Report.Job> reports = new ArrayList<>();
        List<Subject> subjects = Subject.all().stream()
                .filter(subject -> options.jobs().contains(subject.job()))
                .toList();
        for (int i = 0; i < subjects.size(); i++) {
            int kills = options.kills() * (i + 1) / subjects.size() - options.kills() * i / subjects.size();
            Campaign campaign = new Campaign(subjects.get(i), kills, progress);
            nodes.trap().arm(null);
            while (campaign.goesOn(nodes.trap())) {
                round(campaign, options.seed() + i);
            }
            reports.add(campaign.report());
            if (!campaign.report().clean()) {
                break;
            }
        }
        return new Report(reports, library.ledger().size(), payments.calls(), payments.repeated(), nodes.refused());
    }

    private void round(Campaign campaign, long seed) throws InterruptedException, IOException {
        int round = campaign.beginRound();
        Subject subject = campaign.subject();
        String identity = subject.job() + "-round-" + round;
        subject.prepare(world, round);
        nodes.passages().forget();
        undisturbed(nodes.reference(), subject.order(world, nodes.reference(), identity, round));
        if (!campaign.scheduled()) {
            campaign.schedule(
                    subject instanceof IngestSubject
                            ? Fault.schedule(seed, campaign.kills(), options.mode())
                            : Fault.schedule(
                                    seed,
                                    campaign.kills(),
                                    options.mode(),
                                    nodes.passages().counts()));
        }
        new Pursuit(nodes, scratch.resolve("logs"), subject.order(world, nodes.crashed(), identity, round), campaign)
                .run();
        subject.expect(world);
        for (Side side : world.sides()) {
            judge(campaign, side, identity, round);
        }
        List<String> expected = nodes.reference().ledger().contents();
        expected.addAll(subject.contents(world, nodes.reference(), identity, round));
        List<String> found = nodes.crashed().ledger().contents();
        found.addAll(subject.contents(world, nodes.crashed(), identity, round));
        campaign.compare(expected, found);
        if (campaign.report().clean()) {
            subject.conclude(world, round);
        }
    }

    private void judge(Campaign campaign, Side side, String identity, int round)
            throws InterruptedException, IOException {
        List<String> wrong = new ArrayList<>(side.ledger().faults(library.ledger()));
        wrong.addAll(side.ledger().halfVisible());
        wrong.addAll(leftovers(side));
        wrong.addAll(campaign.subject().faults(world, side, identity, round));
        wrong.forEach(fault -> campaign.fault("on the " + side.database() + " side, " + fault));
    }

    /// Files that jobs need for a moment and that nobody needs any more.
    private List<String> leftovers(Side side) throws IOException {
        List<String> left = new ArrayList<>();
        for (Path folder : List.of(
                side.home().resolve("spool"), side.home().resolve("uploads"), WorkerProcess.temporary(scratch, side))) {
            if (Files.isDirectory(folder)) {
                try (Stream<Path> files = Files.list(folder)) {
                    files.filter(file -> file.getFileName().toString().matches("(tidemill-(?!spool)|page|upload).*"))
                            .forEach(file -> left.add("a temporary file is left: " + file));
                }
            }
        }
        return left;
    }

    /// Runs a job without faults, on either side.
    private void undisturbed(Side side, Order order) throws InterruptedException {
        if (side.equals(nodes.crashed())) {
            new Pursuit(nodes, scratch.resolve("logs"), order, null).run();
            return;
        }
        WorkerProcess worker = nodes.ready(side).orElseThrow();
        worker.launch(order);
        long deadline = System.nanoTime() + Nodes.PATIENCE.toNanos();
        String state = side.ledger().state(order.identity());
        while (!"completed".equals(state)) {
            if (System.nanoTime() > deadline || !worker.alive() || "failed".equals(state)) {
                throw new IllegalStateException("the undisturbed " + order.job() + " does not end: "
                        + side.ledger().why(order.identity()) + " " + worker.refusal());
            }
            // The job is another process's: only its rows tell.
            TimeUnit.MILLISECONDS.sleep(20);
            state = side.ledger().state(order.identity());
        }
    }

    /// Elements that the first list has more often than the second.
    static List<String> beyond(List<String> first, List<String> second) {
        Map<String, Integer> counts = new HashMap<>();
        second.forEach(line -> counts.merge(line, 1, Integer::sum));
        List<String> more = new ArrayList<>();
        for (String line : first) {
            if (counts.merge(line, -1, Integer::sum) < 0) {
                more.add(line);
            }
        }
        return more;
    }

    /// Ends all that was started. The scratch folder stays.
    @Override
    public void close() {
        nodes.close();
    }

    /// Removes the scratch folder.
    public static void removeScratch(Path scratch) throws IOException {
        try (Stream<Path> tree = Files.walk(scratch)) {
            for (Path path : tree.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        }
    }
}
