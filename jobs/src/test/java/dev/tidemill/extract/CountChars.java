package dev.tidemill.extract;

import dev.tidemill.document.Extraction;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;

/// A program that prints how much text a file holds, for tests that give it little memory.
final class CountChars {

    private CountChars() {}

    public static void main(String[] arguments) throws InterruptedException {
        AtomicLong chars = new AtomicLong();
        Path file = Path.of(arguments[0]);
        try (Extractor extractor = new Extractor(ExtractLimits.defaults(), Path.of(arguments[1]), 1)) {
            Extraction extraction = extractor.extract(
                    file,
                    file.getFileName().toString(),
                    block -> chars.addAndGet(block.text().length()));
            System.out.println(extraction instanceof Extraction.Extracted ? chars.toString() : extraction.toString());
        }
    }
}
