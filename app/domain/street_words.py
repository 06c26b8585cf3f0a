"""
The words of street lines, as parts of patterns: keywords, street types, units, roads, months.

What each list is for is told in docs/rules/addresses.md.
"""

KEYWORDS = (
    "bus|bte|bo[iî]te|box|b(?=\\.)|app|appt|appartement|apt|apartment|flat|int|interno|scala"
    "|piso|planta|puerta|esc|[eé]tage|floor|fl|suite|unit|top|stiege|stg|stock|t[uü]r|wohnung"
    "|og|eg|hs|huis|hoog|verdieping|links|rechts|boven|beneden|dcha|izda|izq|esq|dto|dir|th|tv|mf"
    "|b[aâ]timent|b[aâ]t|lok|m(?=\\.)|bis|ter|quater"
)
"""Words of an addition. A number right behind one is its own, never the house number's."""

MORE_KEYWORDS = (
    "bs|to|t/o|zw|rd|rood|zwart|sous|souterrain|etage|kamer|gebouw|hal|dock|toren|loods|deur"
    "|gelijkvloers|glvl|rez-de-chauss[eé]e|rdc|hinterhaus|vorderhaus|seitenfl[uü]gel|quergeb[aä]ude"
    "|hh|vh|haus|geb[aä]ude|hof|tor|halle|block|dg|ug|aufgang|eingang|piano|rosso|nero|palazzina|pal"
    "|bajo|bajos|local|oficina|of|[aá]tico|entresuelo|entlo|portal|bloque|nave|pral|escalera"
    "|r/c|cave|loja|frente|fte|lote|sala|andar|st(?=\\.)|kl(?=\\.)|sal|d[oø]r|port"
    "|lgh|tr|nb|bv|uppg|plan|lokal|bud|hala|pi[eę]tro|parter|kl|klatka|byt|patro|vchod"
)
"""
Further words of an addition, some of which also end a street's own name; they count as an addition
behind a number only.
"""

UNITS = (
    "nave|parcela|parc|puesto|km|lote?|cellule|local|unit|shop|block|bloque|bloco|arch|kiosk|kiosque"
    "|hangar|halle?|box|stand|negozio|capannone|loja|sector|sektor|objekt|obj|pl|hal|gebouw|dock"
    "|parzelle|flurst[uü]ck|dzia[lł]ka|dz|studio|apto?|suite|flat|plot|ev\\. ?č|č\\. ?p|č\\. ?ev"
    "|pier|units|shops|magazijn|loods|lager|warehouse|entrep[oô]t|magasin|bay|stall|quay"
    "|d[eé]p[oô]t|armaz[eé]m|hala|winkel|laden|pakhuis|bus|bte|bo[iî]te|b(?=\\.)|app|appt"
    "|appartement|apt|apartment|int|interno|piso|b[aâ]timent|b[aâ]t|wohnung|whg|top|t[uü]r"
    "|verdieping|[eé]tage|lok|parz|geb|geb[aä]ude|kilometer"
)
"""Words whose number is not a house number."""

NUMBERED_ROADS = "rn|rd|cd|ss|sp|sr|s\\.s|s\\.p|en|rv"
"""Roads written short; other words look the same, so only one that begins the line counts."""

ROADS = (
    "nationale|d[eé]partementale|(?:strada )?(?:statale|provinciale|regionale)"
    "|estrada (?:nacional|municipal)|carretera|ctra|nacional|riksv[aä]g|bundesstraße"
    "|rijksweg|motorv[aä]g|autoroute"
)
"""Words for roads that carry a number as their name."""

STREET_BEGINNINGS = (
    "rue|ruelle|avenue|av|boulevard|blvd|bld|bd|place|chemin|ch|route|rte|impasse|imp"
    "|all[eé]es?|quai|cours|square|passage|chauss[eé]e|esplanade|faubourg|mont[eé]e|promenade"
    "|sentier|sente|traverse|venelle|voie|rond-point"
)
MORE_STREET_BEGINNINGS = (
    "via|viale|v\\.le|corso|c\\.so|piazza|p\\.zza|piazzale|vicolo|largo|strada|lungo\\w+"
    "|calle|carrer|avda|avenida|paseo|passeig|plaza|pla[cç]a|ronda|rambla|travesera|camino|cam[ií]"
    "|rua|r|travessa|tv|pra[cç]a|praceta|estrada|alameda|al|aleja|aleje|ul|ulica|pl|plac|os|osiedle"
    "|t[rř][ií]da|n[aá]m|n[aá]m[eě]st[ií]|laan|am|an der|im|auf der|unter den|zum|zur"
)
GENERIC_STREETS = (
    "rue|calle|rua|via|straße|strasse|avenue|avenida|avda|ulica|ul|street|road|place|court"
)
"""Words that are nobody's whole address, while a `Markt` or a `Singel` is."""
NAMELESS = "n\\.?[°º]\\.?|no|nr|hausnr|hausnummer|huisnummer|nummer|haus|hs|s/n"
"""Words before a number that tell of no street at all."""

STREET_ENDINGS = (
    "street|st|road|rd|lane|drive|close|way|mews|terrace|avenue|ave|gardens|row|square"
    "|court|crescent|grove|place|walk|hill|parade|wharf|quay|broadway|green|yard|circus|rise|mall"
)
MORE_STREET_ENDINGS = (
    "straat|straße|strasse|str|weg|laan|gracht|kade|plein|singel|dijk|dreef|steeg|baan|steenweg"
    "|gasse|platz|allee|ring|ufer|damm|chaussee|markt|gade|vej|all[eé]|gatan|v[aä]gen|gata|v[aä]g"
    "|torget|torg|plads|stræde"
)

# Of every language the warehouse knows, written without accents.
_MONTH_WORDS = """
    januari februari maart april mei juni juli augustus september oktober november december
    januar februar marz mai dezember marts maj august january february march may june july
    october janvier fevrier mars avril juin juillet aout septembre octobre novembre decembre
    gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre dicembre enero
    febrero abril mayo junio julio septiembre setiembre octubre noviembre diciembre janeiro
    fevereiro marco maio junho julho setembro outubro novembro dezembro ledna unora brezna
    dubna kvetna cervna cervence srpna zari rijna listopadu prosince stycznia lutego marca
    kwietnia maja czerwca lipca sierpnia wrzesnia pazdziernika listopada grudnia
"""
MONTHS = frozenset(_MONTH_WORDS.split())
