package simulator

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

var (
	nouns = strings.Fields(`river harbor lantern orchard meridian canyon winter archive signal garden compass tundra
		velvet engine monsoon glacier parliament cathedral pilgrim observatory sparrow horizon labyrinth foundry
		clockmaker island railway thunder marigold cartographer lighthouse satellite sonata harvest caravan
		embassy nocturne quarry delta furnace kingdom physics mountain ocean machine letters republic atlas`)
	adjectives = strings.Fields(`silent broken golden northern hidden electric distant crimson paper hollow burning
		last frozen midnight second endless wooden lost young invisible borrowed quiet southern iron
		wandering bitter modern ancient practical illustrated complete secret open general`)
	persons = strings.Fields(`Almeida Baker Castellano Dvorak Eriksen Fontaine Grigoriev Haddad Ishikawa Jansen
		Kowalski Lindqvist Moreau Nakamura Okafor Petrov Quintana Rossi Schneider Takahashi Ueda Varga
		Whitfield Yilmaz Zimmermann`)
	groups = strings.Fields(`NORTH KESTREL TiDE ArcLite QUARTZ mUse VOLTA BriX SEPiA OAKS NTG2 HELiX RAiN FOLiO
		ember PARALLEL DRiFT COMET STRATA BOREAL`)
	systems    = strings.Fields(`debian ubuntu fedora archlinux alpine opensuse-leap nixos freebsd netbsd gentoo slackware mint`)
	machines   = strings.Fields(`amd64 arm64 i386 riscv64 ppc64el x86_64`)
	editions   = strings.Fields(`netinst dvd-1 desktop server minimal live-gnome live-xfce workstation everything`)
	pictures   = strings.Fields(`720p 1080p 2160p 480p`)
	sources    = strings.Fields(`WEB-DL WEBRip BluRay HDTV DVDRip BDRemux`)
	sounds     = strings.Fields(`AAC2.0 DDP5.1 DTS-HD.MA.5.1 FLAC2.0 AC3 Opus`)
	codecs     = strings.Fields(`H.264 x264 x265 HEVC AV1 H.265`)
	labelWords = strings.Fields(`films series music books linux archive public seedbox keep friends weekly lossless`)
)

func pick(r *rand.Rand, from []string) string { return from[r.IntN(len(from))] }

func title(word string) string { return strings.ToUpper(word[:1]) + word[1:] }

// words returns a title of two to five words.
func words(r *rand.Rand) []string {
	list := []string{title(pick(r, adjectives)), title(pick(r, nouns))}
	switch r.IntN(4) {
	case 0:
		list = append([]string{"The"}, list...)
	case 1:
		list = append(list, "of", title(pick(r, nouns)))
	case 2:
		list = append(list, "and", "the", title(pick(r, nouns)))
	}
	return list
}

// releaseName returns a name as torrents have them, of 20 to 80 characters.
func releaseName(r *rand.Rand) string {
	for {
		if name := anyName(r); len(name) >= 20 && len(name) <= 80 {
			return name
		}
	}
}

func anyName(r *rand.Rand) string {
	year := 1950 + r.IntN(76)
	switch r.IntN(10) {
	case 0, 1, 2:
		return fmt.Sprintf("%s.S%02dE%02d.%s.%s.%s.%s-%s", strings.Join(words(r), "."), 1+r.IntN(12), 1+r.IntN(24),
			pick(r, pictures), pick(r, sources), pick(r, sounds), pick(r, codecs), pick(r, groups))
	case 3, 4:
		return fmt.Sprintf("%s.%d.%s.%s.%s-%s", strings.Join(words(r), "."), year,
			pick(r, pictures), pick(r, sources), pick(r, codecs), pick(r, groups))
	case 5:
		return fmt.Sprintf("%s (%d) [%s] [%s]", strings.Join(words(r), " "), year, pick(r, pictures), pick(r, sources))
	case 6:
		return fmt.Sprintf("%s - %s (%d) [FLAC %d-%d]", pick(r, persons), strings.Join(words(r), " "), year,
			16+8*r.IntN(2), []int{44, 48, 96}[r.IntN(3)])
	case 7:
		return fmt.Sprintf("%s-%d.%d.%d-%s-%s.iso", pick(r, systems), 7+r.IntN(35), r.IntN(12), r.IntN(9),
			pick(r, machines), pick(r, editions))
	case 8:
		return fmt.Sprintf("%s, %s. - %s (%d) (epub, pdf)", pick(r, persons), string(rune('A'+r.IntN(26))),
			strings.Join(words(r), " "), year)
	}
	return fmt.Sprintf("%s_%s_v%d.%d.%d_%04d%02d%02d.tar.zst", pick(r, nouns), pick(r, nouns), r.IntN(9), r.IntN(20),
		r.IntN(40), 2015+r.IntN(11), 1+r.IntN(12), 1+r.IntN(28))
}
