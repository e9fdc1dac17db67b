//! The same code compiled for wider registers, and taken where the processor has them. What is computed this
//! way has the same bits either way: whole numbers, or sums in an order that is written down.

/// Work whose [`run`](Work::run) is `#[inline(always)]`, so that it is compiled anew for every width.
pub(crate) trait Work {
    type Out;

    /// `FUSED` says that a product may be added in one instruction. Only a product that is exact in double
    /// precision may be, so that the rounding is the same.
    fn run<const FUSED: bool>(self) -> Self::Out;

    /// Whether registers of eight doubles were found to help; then [`run_wider`](Work::run_wider) is cut for them.
    const WIDER: bool = false;

    #[inline(always)]
    fn run_wider(self) -> Self::Out
    where
        Self: Sized,
    {
        self.run::<true>()
    }
}

pub(crate) fn widest<W: Work>(work: W) -> W::Out {
    #[cfg(target_arch = "x86_64")]
    if W::WIDER && is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vl") {
        // SAFETY: the processor has what the function is compiled for.
        return unsafe { with_avx512(work) };
    }
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        // SAFETY: the processor has what the function is compiled for.
        return unsafe { with_avx2(work) };
    }
    work.run::<false>()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn with_avx2<W: Work>(work: W) -> W::Out {
    work.run::<true>()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx2,fma")]
fn with_avx512<W: Work>(work: W) -> W::Out {
    work.run_wider()
}
