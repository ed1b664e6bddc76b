package dev.tidemill.admin.crashtest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// The project is written into a file. What is in the file is compared item by item; beside it nothing is left.
final class ExportSubject implements Subject {

    @Override
    public String job() {
        return "export";
    }

    @Override
    public void prepare(World world, int round) throws InterruptedException {
        world.settle();
        Golden.plant(world);
    }

    static Path file(Side side, int round) {
        return side.files().resolve("export-" + round + ".tidemill");
    }

    @Override
    public Order order(World world, Side side, String identity, int round) {
        return Order.of(identity, job(), Map.of("file", file(side, round).toString()));
    }

    @Override
    public List<String> contents(World world, Side side, String identity, int round) throws IOException {
        return ExportedFile.lines(file(side, round));
    }

    @Override
    public List<String> faults(World world, Side side, String identity, int round) throws IOException {
        List<String> faults = new ArrayList<>(side.lines(
                "a part that is noted as open",
                "SELECT number, name FROM export_parts WHERE sha256 IS NULL AND job_instance_id = "
                        + side.ledger().instance(identity)));
        try (Stream<Path> files = Files.list(side.files())) {
            files.filter(file -> !file.toString().endsWith(".tidemill"))
                    .forEach(file -> faults.add("left beside the file: " + file.getFileName()));
        }
        return faults;
    }

    /// A file bears its name only when it is whole.
    @Override
    public List<String> meanwhile(Side side) throws IOException {
        List<String> half = new ArrayList<>();
        try (Stream<Path> files = Files.list(side.files())) {
            for (Path file :
                    files.filter(file -> file.toString().endsWith(".tidemill")).toList()) {
                try {
                    ExportedFile.lines(file);
                } catch (IOException | IllegalStateException e) {
                    half.add(file.getFileName() + " bears its name and is not whole: " + e.getMessage());
                }
            }
        }
        return half;
    }
}
