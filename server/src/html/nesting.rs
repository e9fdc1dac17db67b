//! How deep HTML nests: the time that cleaning takes grows with the square of it.

use std::borrow::Cow;
use std::cell::Cell;
use std::rc::Rc;

use html5ever::tendril::{StrTendril, TendrilSink};
use html5ever::tree_builder::{ElementFlags, NodeOrText, QuirksMode, TreeSink};
use html5ever::{
    Attribute, ExpandedName, LocalName, Namespace, ParseOpts, QualName, local_name, ns, parse_fragment,
};

/// Deeper than anything that people write or programs put out to be read.
const DEEPEST: u32 = 200;
/// Bytes read at once: so many can nest some thousand elements further before somebody looks.
const READ_AT_ONCE: usize = 4_096;

/// Whether the HTML nests deeper than any that is shown. Looks no further than it must.
pub fn is_deep(html: &str) -> bool {
    // As the cleaner reads fragments.
    let around = QualName::new(None, ns!(html), local_name!("div"));
    let mut parser = parse_fragment(Depths::default(), ParseOpts::default(), around, Vec::new(), false);
    let mut rest = html;
    while !rest.is_empty() {
        let (now, later) = rest.split_at(rest.floor_char_boundary(READ_AT_ONCE));
        parser.process(StrTendril::from_slice(now));
        if parser.tokenizer.sink.sink.deepest.get() > DEEPEST {
            return true;
        }
        rest = later;
    }
    false
}

/// Builds no tree, and notes of each element how deep it is.
#[derive(Default)]
struct Depths {
    deepest: Cell<u32>,
}

struct Element {
    name: QualName,
    depth: Cell<u32>,
}

type Handle = Rc<Element>;

impl Element {
    fn unplaced(name: QualName) -> Handle {
        Rc::new(Self { name, depth: Cell::new(0) })
    }

    fn nameless() -> Handle {
        Self::unplaced(QualName::new(None, Namespace::default(), LocalName::default()))
    }
}

impl Depths {
    fn place(&self, node: NodeOrText<Handle>, depth: u32) {
        if let NodeOrText::AppendNode(element) = node {
            element.depth.set(depth);
            self.deepest.set(self.deepest.get().max(depth));
        }
    }
}

impl TreeSink for Depths {
    type Handle = Handle;
    type Output = ();
    type ElemName<'a> = ExpandedName<'a>;

    fn finish(self) {}

    fn parse_error(&self, _: Cow<'static, str>) {}

    fn get_document(&self) -> Handle {
        Element::nameless()
    }

    fn elem_name<'a>(&'a self, target: &'a Handle) -> ExpandedName<'a> {
        target.name.expanded()
    }

    fn create_element(&self, name: QualName, _: Vec<Attribute>, _: ElementFlags) -> Handle {
        Element::unplaced(name)
    }

    fn create_comment(&self, _: StrTendril) -> Handle {
        Element::nameless()
    }

    fn create_pi(&self, _: StrTendril, _: StrTendril) -> Handle {
        Element::nameless()
    }

    fn append(&self, parent: &Handle, child: NodeOrText<Handle>) {
        self.place(child, parent.depth.get() + 1);
    }

    fn append_based_on_parent_node(&self, element: &Handle, previous: &Handle, child: NodeOrText<Handle>) {
        self.place(child, element.depth.get().max(previous.depth.get() + 1));
    }

    fn append_doctype_to_document(&self, _: StrTendril, _: StrTendril, _: StrTendril) {}

    fn get_template_contents(&self, target: &Handle) -> Handle {
        Rc::clone(target)
    }

    fn same_node(&self, one: &Handle, other: &Handle) -> bool {
        Rc::ptr_eq(one, other)
    }

    fn set_quirks_mode(&self, _: QuirksMode) {}

    fn append_before_sibling(&self, sibling: &Handle, new: NodeOrText<Handle>) {
        self.place(new, sibling.depth.get());
    }

    fn add_attrs_if_missing(&self, _: &Handle, _: Vec<Attribute>) {}

    fn remove_from_parent(&self, _: &Handle) {}

    fn reparent_children(&self, _: &Handle, _: &Handle) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nests_without_end_is_deep_however_it_is_written() {
        for unit in [
            "<div>",
            "<b>",
            "<blockquote>\n",
            "<ul><li>",
            "<table><tr><td>",
            "<div><p>",
            "<span><div></span>",
        ] {
            assert!(is_deep(&unit.repeat(2_000)), "{unit}");
            assert!(!is_deep(&unit.repeat(40)), "{unit}");
        }
        for hidden in [
            "<div><!-- </div> -->",
            "<div><table></div></table>",
            "<svg><style><div>",
            "<div title=\"</div>\">",
        ] {
            assert!(is_deep(&hidden.repeat(2_000)), "{hidden}");
        }
    }

    #[test]
    fn what_is_long_is_not_deep() {
        for unit in [
            "<p>a",
            "<li>a",
            "<br>",
            "<div><b>a</b></div>",
            "<table><tr><td>1<td>2</table>",
            "a &lt; b ",
            "<svg><path/></svg>",
        ] {
            assert!(!is_deep(&unit.repeat(5_000)), "{unit}");
        }
        assert!(!is_deep(""));
    }
}
