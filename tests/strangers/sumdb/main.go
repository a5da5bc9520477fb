// Sumdb reads exports of a log with the code of Go's checksum database: golang.org/x/mod/sumdb.
//
//	sumdb KEYS EXPORT...
//
// KEYS holds verifier keys, one a line; each must have signed each checkpoint. The exports are of one
// log, from the oldest to the newest. Of each export it checks the signatures of the checkpoint, holds
// the hash tiles to its root, recomputes every tile from the entries, proves the inclusion of every
// entry and the consistency with every earlier size, and with the checkpoint of the export before.
// A file `proofs` in an export holds proofs made by the log, to be checked against the checkpoint:
//
//	inclusion INDEX HASH...
//	consistency SIZE HASH...
//
// Nothing here makes a hash of the tree: leaves, nodes, proofs and tiles are x/mod's.
package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const tileHeight = 8

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: sumdb KEYS EXPORT...")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "refused:", err)
		os.Exit(1)
	}
}

func run(keysPath string, folders []string) error {
	verifiers, err := readKeys(keysPath)
	if err != nil {
		return err
	}
	var before checkpoint
	for _, folder := range folders {
		log := &export{folder: folder, cache: map[tlog.Tile][]byte{}}
		if err := log.check(verifiers, before); err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(folder), err)
		}
		before = log.head
	}
	return nil
}

func readKeys(path string) ([]note.Verifier, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var verifiers []note.Verifier
	for _, line := range strings.Fields(string(text)) {
		verifier, err := newVerifier(line)
		if err != nil {
			return nil, err
		}
		verifiers = append(verifiers, verifier)
	}
	return verifiers, nil
}

// A checkpoint is the signed size and root of a log.
type checkpoint struct {
	origin string
	size   int64
	root   tlog.Hash
}

func parseCheckpoint(text string) (checkpoint, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		return checkpoint{}, fmt.Errorf("checkpoint: not origin, size and root")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || lines[1] != strconv.FormatInt(size, 10) {
		return checkpoint{}, fmt.Errorf("checkpoint: not a size: %q", lines[1])
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return checkpoint{}, fmt.Errorf("checkpoint: %w", err)
	}
	return checkpoint{lines[0], size, root}, nil
}

// openCheckpoint demands a signature by each of the verifiers.
func openCheckpoint(raw []byte, verifiers []note.Verifier) (checkpoint, error) {
	opened, err := note.Open(raw, note.VerifierList(verifiers...))
	if err != nil {
		return checkpoint{}, fmt.Errorf("checkpoint: %w", err)
	}
	signed := map[uint32]bool{}
	for _, signature := range opened.Sigs {
		signed[signature.Hash] = true
	}
	for _, verifier := range verifiers {
		if !signed[verifier.KeyHash()] {
			return checkpoint{}, fmt.Errorf("checkpoint: no signature by %s", verifier.Name())
		}
	}
	return parseCheckpoint(opened.Text)
}

// An export is a folder of files of c2sp.org/tlog-tiles.
type export struct {
	folder  string
	head    checkpoint
	entries [][]byte
	stored  []tlog.Hash
	cache   map[tlog.Tile][]byte
	proven  int
}

func (log *export) check(verifiers []note.Verifier, before checkpoint) error {
	raw, err := os.ReadFile(filepath.Join(log.folder, "checkpoint"))
	if err != nil {
		return err
	}
	if log.head, err = openCheckpoint(raw, verifiers); err != nil {
		return err
	}
	if err := log.readEntries(); err != nil {
		return err
	}
	tiles, err := log.checkTiles()
	if err != nil {
		return err
	}
	if err := log.checkInclusion(); err != nil {
		return err
	}
	if err := log.checkConsistency(before); err != nil {
		return err
	}
	if err := log.checkProofs(); err != nil {
		return err
	}
	fmt.Printf("%s: %d keys, %d entries, %d tiles, %d proofs of the log\n",
		log.head.origin, len(verifiers), log.head.size, tiles, log.proven)
	return nil
}

// readEntries reads the bundles and computes the hashes of the tree from the entries alone.
func (log *export) readEntries() error {
	fromEntries := tlog.HashReaderFunc(log.readStored)
	for first := int64(0); first < log.head.size; first += 1 << tileHeight {
		width := min(log.head.size-first, 1<<tileHeight)
		bundle := tlog.Tile{H: tileHeight, L: -1, N: first >> tileHeight, W: int(width)}
		path := strings.Replace(bundle.Path(), "tile/8/data/", "tile/entries/", 1)
		raw, err := os.ReadFile(filepath.Join(log.folder, path))
		if err != nil {
			return err
		}
		for range width {
			if len(raw) < 2 || len(raw) < 2+int(binary.BigEndian.Uint16(raw)) {
				return fmt.Errorf("%s: cut off", path)
			}
			end := 2 + int(binary.BigEndian.Uint16(raw))
			entry := raw[2:end]
			hashes, err := tlog.StoredHashes(int64(len(log.entries)), entry, fromEntries)
			if err != nil {
				return err
			}
			log.entries = append(log.entries, entry)
			log.stored = append(log.stored, hashes...)
			raw = raw[end:]
		}
		if len(raw) != 0 {
			return fmt.Errorf("%s: goes on after its last entry", path)
		}
	}
	return nil
}

func (log *export) readStored(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		hashes[i] = log.stored[index]
	}
	return hashes, nil
}

// checkTiles compares every hash tile with one that is computed from the entries.
func (log *export) checkTiles() (int, error) {
	tiles := tlog.NewTiles(tileHeight, 0, log.head.size)
	for _, tile := range tiles {
		found, err := log.ReadTiles([]tlog.Tile{tile})
		if err != nil {
			return 0, err
		}
		want, err := tlog.ReadTileData(tile, tlog.HashReaderFunc(log.readStored))
		if err != nil {
			return 0, err
		}
		if string(found[0]) != string(want) {
			return 0, fmt.Errorf("%s: not the tile of the entries", tile.Path())
		}
	}
	return len(tiles), nil
}

// checkInclusion proves every entry from the tiles, which the reader holds to the signed root.
func (log *export) checkInclusion() error {
	size, root, tiles := log.head.size, log.head.root, log.fromTiles()
	for index, entry := range log.entries {
		proof, err := tlog.ProveRecord(size, int64(index), tiles)
		if err != nil {
			return err
		}
		if err := tlog.CheckRecord(proof, size, root, int64(index), tlog.RecordHash(entry)); err != nil {
			return fmt.Errorf("inclusion of entry %d: %w", index, err)
		}
	}
	return nil
}

// checkConsistency proves from the tiles that the tree extends its every earlier size, and before.
func (log *export) checkConsistency(before checkpoint) error {
	size, root, tiles := log.head.size, log.head.root, log.fromTiles()
	if before.size > size {
		return fmt.Errorf("smaller than the export before")
	}
	for older := int64(1); older <= size; older++ {
		oldRoot, err := tlog.TreeHash(older, tlog.HashReaderFunc(log.readStored))
		if err != nil {
			return err
		}
		if older == before.size {
			oldRoot = before.root
		}
		proof, err := tlog.ProveTree(size, older, tiles)
		if err != nil {
			return err
		}
		if err := tlog.CheckTree(proof, size, root, older, oldRoot); err != nil {
			return fmt.Errorf("consistency with size %d: %w", older, err)
		}
	}
	return nil
}

// checkProofs checks the proofs that the log made.
func (log *export) checkProofs() error {
	text, err := os.ReadFile(filepath.Join(log.folder, "proofs"))
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		if err := log.checkProof(strings.Fields(line)); err != nil {
			return fmt.Errorf("proof %d of the log: %w", log.proven, err)
		}
		log.proven++
	}
	return nil
}

func (log *export) checkProof(fields []string) error {
	if len(fields) < 2 {
		return fmt.Errorf("not a proof")
	}
	number, err := strconv.ParseInt(fields[1], 10, 64)
	if err != nil {
		return err
	}
	var hashes []tlog.Hash
	for _, field := range fields[2:] {
		hash, err := tlog.ParseHash(field)
		if err != nil {
			return err
		}
		hashes = append(hashes, hash)
	}
	size, root := log.head.size, log.head.root
	switch {
	case fields[0] == "inclusion" && 0 <= number && number < size:
		return tlog.CheckRecord(hashes, size, root, number, tlog.RecordHash(log.entries[number]))
	case fields[0] == "consistency" && 0 < number && number <= size:
		oldRoot, err := tlog.TreeHash(number, tlog.HashReaderFunc(log.readStored))
		if err != nil {
			return err
		}
		return tlog.CheckTree(hashes, size, root, number, oldRoot)
	}
	return fmt.Errorf("not a proof")
}

func (log *export) fromTiles() tlog.HashReader {
	return tlog.TileHashReader(tlog.Tree{N: log.head.size, Hash: log.head.root}, log)
}

// Height, ReadTiles and SaveTiles make the export a tlog.TileReader.
func (log *export) Height() int { return tileHeight }

func (log *export) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(tiles))
	for i, tile := range tiles {
		if log.cache[tile] == nil {
			path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
			raw, err := os.ReadFile(filepath.Join(log.folder, path))
			if err != nil {
				return nil, err
			}
			if len(raw) != tile.W*tlog.HashSize {
				return nil, fmt.Errorf("%s: of another length", path)
			}
			log.cache[tile] = raw
		}
		data[i] = log.cache[tile]
	}
	return data, nil
}

func (log *export) SaveTiles([]tlog.Tile, [][]byte) {}
