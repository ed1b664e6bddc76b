package dev.tidemill.extract;

import dev.tidemill.document.Block;
import dev.tidemill.document.BlockKind;
import dev.tidemill.document.Extraction;
import dev.tidemill.document.RefusalReason;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.StreamCorruptedException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What parent and child JVM say to each other: a request down, frames up. The parent trusts no length it reads.
final class Protocol {

    private static final int READY = 'Y';
    private static final int BLOCK = 'B';
    private static final int EXTRACTED = 'E';
    private static final int REFUSED = 'R';
    private static final int MAX_SMALL_TEXT = 16_384;
    private static final int MAX_FACTS = 64;

    private Protocol() {}

    /// @param maxTextChars most text the child may send
    record Request(Path file, Format format, long maxTextChars) {}

    /// What a child sends.
    sealed interface Frame {

        /// It is up and waits for a request.
        record Ready() implements Frame {}

        /// One block of the file asked for.
        record Piece(Block block) implements Frame {}

        /// The file asked for is done.
        record Done(Extraction extraction) implements Frame {}

        /// The stream is over: the child ended, or what came was no frame.
        record Ended(String why) implements Frame {}
    }

    static void writeRequest(DataOutputStream out, Request request) throws IOException {
        writeText(out, request.file().toString());
        writeText(out, request.format().name());
        out.writeLong(request.maxTextChars());
        out.flush();
    }

    static Request readRequest(DataInputStream in) throws IOException {
        return new Request(Path.of(readText(in)), Format.valueOf(readText(in)), in.readLong());
    }

    static void writeReady(DataOutputStream out) throws IOException {
        out.writeByte(READY);
        out.flush();
    }

    static void writeBlock(DataOutputStream out, Block block) throws IOException {
        out.writeByte(BLOCK);
        writeText(out, block.kind().name());
        out.writeByte(block.level());
        out.writeInt(block.page() == null ? -1 : block.page());
        out.writeLong(block.startMillis() == null ? -1 : block.startMillis());
        out.writeLong(block.endMillis() == null ? -1 : block.endMillis());
        writeText(out, block.text());
    }

    static void writeExtraction(DataOutputStream out, Extraction extraction) throws IOException {
        switch (extraction) {
            case Extraction.Extracted extracted -> {
                out.writeByte(EXTRACTED);
                out.writeBoolean(extracted.title() != null);
                writeText(out, extracted.title() == null ? "" : extracted.title());
                writeText(out, extracted.mediaType());
                out.writeInt(extracted.metadata().size());
                for (Map.Entry<String, String> fact : extracted.metadata().entrySet()) {
                    writeText(out, fact.getKey());
                    writeText(out, fact.getValue());
                }
            }
            case Extraction.Refused refused -> {
                out.writeByte(REFUSED);
                writeText(out, refused.reason().name());
                writeText(out, refused.mediaType());
                writeText(out, refused.detail());
            }
        }
        out.flush();
    }

    /// Reads the next frame; the end of the stream is an [java.io.EOFException].
    static Frame readFrame(DataInputStream in) throws IOException {
        int type = in.readUnsignedByte();
        return switch (type) {
            case READY -> new Frame.Ready();
            case BLOCK -> new Frame.Piece(readBlock(in));
            case EXTRACTED -> new Frame.Done(readExtracted(in));
            case REFUSED ->
                new Frame.Done(
                        new Extraction.Refused(named(RefusalReason.class, readText(in)), readText(in), readText(in)));
            default -> throw new StreamCorruptedException("frame of unknown type " + type);
        };
    }

    private static Block readBlock(DataInputStream in) throws IOException {
        BlockKind kind = named(BlockKind.class, readText(in));
        int level = checked(in.readUnsignedByte(), 9);
        int page = in.readInt();
        long start = in.readLong();
        long end = in.readLong();
        String text = readText(in, Block.MAX_LENGTH * 4);
        if (text.length() > Block.MAX_LENGTH || text.indexOf(0) >= 0 || (kind == BlockKind.HEADING) != (level > 0)) {
            throw new StreamCorruptedException("block that keeps no rule of blocks");
        }
        return new Block(kind, level, text, page < 0 ? null : page, millis(start), millis(end));
    }

    private static <E extends Enum<E>> E named(Class<E> type, String name) throws StreamCorruptedException {
        try {
            return Enum.valueOf(type, name);
        } catch (IllegalArgumentException e) {
            StreamCorruptedException corrupted =
                    new StreamCorruptedException("no " + type.getSimpleName() + " is called " + name);
            corrupted.initCause(e);
            throw corrupted;
        }
    }

    private static @Nullable Long millis(long value) {
        return value < 0 ? null : value;
    }

    private static Extraction readExtracted(DataInputStream in) throws IOException {
        boolean titled = in.readBoolean();
        String title = readText(in);
        String mediaType = readText(in);
        int count = checked(in.readInt(), MAX_FACTS);
        Map<String, String> metadata = new LinkedHashMap<>();
        for (int i = 0; i < count; i++) {
            String name = readText(in);
            metadata.put(name, readText(in));
        }
        return new Extraction.Extracted(titled ? title : null, mediaType, metadata);
    }

    private static void writeText(DataOutputStream out, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        out.writeInt(bytes.length);
        out.write(bytes);
    }

    private static String readText(DataInputStream in) throws IOException {
        return readText(in, MAX_SMALL_TEXT);
    }

    private static String readText(DataInputStream in, int maxBytes) throws IOException {
        byte[] bytes = new byte[checked(in.readInt(), maxBytes)];
        in.readFully(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static int checked(int value, int max) throws StreamCorruptedException {
        if (value < 0 || value > max) {
            throw new StreamCorruptedException("value " + value + " where at most " + max + " is allowed");
        }
        return value;
    }
}
