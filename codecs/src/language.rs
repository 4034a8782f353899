//! Language tags as players want them.
//!
//! Containers carry ISO 639-2 codes of three letters; RFC 5646 (2.2.1) asks for the two letters of
//! ISO 639-1 where a language has them. Codes that say nothing become no tag at all.

/// Pairs of ISO 639-1 and the ISO 639-2 codes (terminological and bibliographic) it replaces.
const SHORT: &str = "af afr,am amh,ar ara,az aze,be bel,bg bul,bn ben,bs bos,ca cat,cs ces cze,\
    cy cym wel,da dan,de deu ger,el ell gre,en eng,es spa,et est,eu eus baq,fa fas per,fi fin,\
    fr fra fre,ga gle,gl glg,gu guj,ha hau,he heb,hi hin,hr hrv,hu hun,hy hye arm,id ind,ig ibo,\
    is isl ice,it ita,ja jpn,ka kat geo,kk kaz,km khm,kn kan,ko kor,lo lao,lt lit,lv lav,\
    mk mkd mac,ml mal,mn mon,mr mar,ms msa may,my mya bur,ne nep,nl nld dut,no nor,nb nob,nn nno,\
    pa pan,pl pol,ps pus,pt por,ro ron rum,ru rus,rw kin,si sin,sk slk slo,sl slv,so som,\
    sq sqi alb,sr srp,sv swe,sw swa,ta tam,te tel,th tha,tr tur,uk ukr,ur urd,uz uzb,vi vie,\
    xh xho,yo yor,zh zho chi,zu zul";

/// The RFC 5646 tag of a container's language code, or `None` when it names no language.
#[must_use]
pub fn language_tag(code: &str) -> Option<String> {
    let code = code.trim().to_ascii_lowercase();
    let letters = code.bytes().all(|byte| byte.is_ascii_lowercase());
    if !letters || !(2..=3).contains(&code.len()) {
        return None;
    }
    if matches!(code.as_str(), "und" | "zxx" | "mis" | "mul") {
        return None;
    }
    let short = SHORT.split(',').find_map(|entry| {
        let (short, long) = entry.split_once(' ')?;
        long.split(' ').any(|long| long == code).then_some(short)
    });
    Some(short.unwrap_or(&code).to_owned())
}

#[cfg(test)]
mod tests {
    use super::language_tag;

    #[test]
    fn the_shortest_code_is_taken() {
        for (code, tag) in [("eng", "en"), ("FRE", "fr"), ("fra", "fr"), ("yor", "yo")] {
            assert_eq!(language_tag(code).as_deref(), Some(tag));
        }
        assert_eq!(language_tag("de").as_deref(), Some("de"));
        assert_eq!(language_tag("pcm").as_deref(), Some("pcm"), "Nigerian Pidgin has three");
    }

    #[test]
    fn what_names_no_language_gives_no_tag() {
        for code in ["und", "zxx", "", "e", "english", "e\"n", "12"] {
            assert_eq!(language_tag(code), None, "{code}");
        }
    }
}
