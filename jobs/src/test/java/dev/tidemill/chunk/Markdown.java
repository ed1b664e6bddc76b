package dev.tidemill.chunk;

import dev.tidemill.document.Block;
import dev.tidemill.document.BlockKind;
import java.util.ArrayList;
import java.util.List;

/// Just enough Markdown to make blocks of the test documents; the blocks together are the file.
final class Markdown {

    private Markdown() {}

    static List<Block> blocks(String text) {
        List<Block> blocks = new ArrayList<>();
        StringBuilder open = new StringBuilder();
        BlockKind kind = BlockKind.PARAGRAPH;
        boolean fenced = false;
        boolean ended = false;
        for (String line : text.split("(?<=\n)", -1)) {
            String visible = line.strip();
            boolean fence = visible.startsWith("```");
            BlockKind next = fenced || fence ? BlockKind.CODE : kind(line, visible);
            boolean blank = visible.isEmpty() && !fenced;
            boolean starts = next == BlockKind.HEADING || next == BlockKind.LIST_ITEM || next == BlockKind.TABLE_ROW;
            if (!blank && (ended || starts || next != kind) && !open.isEmpty()) {
                flush(blocks, kind, open);
            }
            kind = blank ? kind : next;
            ended = blank || kind == BlockKind.HEADING || (fenced && fence);
            fenced ^= fence;
            open.append(line);
        }
        flush(blocks, kind, open);
        return blocks;
    }

    private static BlockKind kind(String line, String visible) {
        if (line.matches("(?s)#{1,6} .*")) {
            return BlockKind.HEADING;
        }
        if (visible.matches("([-*+]|\\d+\\.) .*")) {
            return BlockKind.LIST_ITEM;
        }
        return visible.startsWith("|") ? BlockKind.TABLE_ROW : BlockKind.PARAGRAPH;
    }

    private static void flush(List<Block> blocks, BlockKind kind, StringBuilder open) {
        String text = open.toString();
        open.setLength(0);
        int level = kind == BlockKind.HEADING && !text.isBlank() ? text.indexOf(' ') : 0;
        BlockKind actual = level == 0 && kind == BlockKind.HEADING ? BlockKind.PARAGRAPH : kind;
        for (int from = 0; from < text.length(); from += Block.MAX_LENGTH) {
            String part = text.substring(from, Math.min(text.length(), from + Block.MAX_LENGTH));
            blocks.add(new Block(actual, level, part, null, null, null));
        }
    }
}
