/** Phrases françaises sur la commande : que faire, ce qu’une étape signifie, ce qui s’est passé. */
import type { NoticeKind } from '../protocol.js';
import type { Texts } from './en.js';

export const notices: Record<NoticeKind, string> = {
  order_paid: 'commande payée',
  unread: 'messages non lus',
  reminder: 'échéance proche',
  started: 'commande démarrée',
  delivered: 'travail livré',
  requested: 'une demande attend une réponse',
  answered: 'réponse à une demande',
  dispute: 'médiation demandée',
  decided: 'décision du médiateur',
  expired: 'commande expirée',
  closed: 'commande terminée',
  cancelled: 'commande annulée',
  missed_call: 'appel manqué',
  nudged: 'relance de l’acheteur',
};

/** « d’Aline », « d’Élise », « d’Yves », mais « de Yann », dont l’y est une consonne. */
const elides = (name: string): boolean => /^([aeiouœæøh]|y(?![aeiou]))/i.test(name.normalize('NFD'));
/** « de Marc », « d’Aline » */
export const de = (name: string): string => (elides(name) ? `d’${name}` : `de ${name}`);
/** « que Marc », « qu’Aline » */
const que = (name: string): string => (elides(name) ? `qu’${name}` : `que ${name}`);

export const processTexts: Pick<Texts, 'guide' | 'action' | 'confirm' | 'proposal' | 'brief' | 'files' | 'entry'> = {
  guide: {
    buyer: {
      question: (other) => `Demandez à ${other} tout ce qu’il vous faut savoir avant de commander. Cela ne coûte rien.`,
      question_closed: () => 'Cette question est classée. Vous pouvez en poser une autre depuis la page du service.',
      awaiting_validation: (other) =>
        `Transmettez à ${other} tout ce qu’il faut pour commencer : textes, souhaits, exemples. Puis indiquez que tout y est.`,
      handed: (other) => `${other} a votre cahier des charges et peut démarrer. Vous pouvez encore le compléter ici.`,
      in_progress: (other) => `${other} travaille sur votre commande. Une question ? Posez-la ici, ou de vive voix.`,
      late: (other) =>
        `La date de livraison est passée. Vous pouvez laisser du temps à ${other}, ou annuler et être remboursé.`,
      delivered: (other) => `Regardez ce ${que(other)} vous a livré. Si vous l’acceptez, l’argent lui est versé.`,
      revision_requested: (other) => `${other} étudie vos souhaits et vous répond. Votre argent reste sous séquestre.`,
      revision_refused: (other) =>
        `${other} ne fera pas ces changements. Acceptez la livraison telle quelle, ou laissez un médiateur trancher.`,
      cancel_requested: (other) => `${other} répond à votre demande d’annulation. D’ici là, l’argent reste sous séquestre.`,
      frozen: () => 'La commande est suspendue jusqu’à la décision d’un médiateur. Votre argent est à l’abri, sous séquestre.',
      expired: () => 'La commande a atteint sa durée de vie maximale : elle a expiré.',
      closed: () => 'Tout est terminé. Merci de votre confiance !',
      cancelled: () => 'La commande est annulée. Vous pourrez la repasser quand vous aurez tout sous la main.',
    },
    seller: {
      question: (other) => `${other} songe à commander et se pose une question. Une réponse rapide décide souvent.`,
      question_closed: () => 'Cette question est classée.',
      awaiting_validation: (other) =>
        `Demandez à ${other} ce qui manque. Dès que vous pouvez commencer, démarrez la commande : le compteur s’arrête.`,
      handed: (other) => `${other} indique que tout y est. Si rien ne vous manque, démarrez la commande.`,
      in_progress: (other) => `À vous de créer. Livrez votre travail ici, ${other} le vérifiera.`,
      late: (other) => `La date de livraison est passée. Livrez vite : ${other} peut désormais annuler.`,
      delivered: (other) =>
        `${other} vérifie votre travail. Sans réponse, la commande se termine d’elle-même et vous êtes payé.`,
      revision_requested: (other) => `${other} souhaite des changements. Dites si vous les faites.`,
      revision_refused: (other) => `À ${other} de choisir : accepter la livraison telle quelle, ou demander un médiateur.`,
      cancel_requested: (other) => `${other} souhaite annuler. Acceptez, ou dites pourquoi non.`,
      frozen: () => 'La commande est suspendue jusqu’à la décision d’un médiateur. L’argent reste sous séquestre.',
      expired: () => 'La commande a atteint sa durée de vie maximale : elle a expiré.',
      closed: () => 'Tout est terminé. L’argent est dans votre portefeuille.',
      cancelled: () => 'La commande est annulée et l’acheteur est remboursé.',
    },
    mediator: {
      question: () => 'Les deux échangent avant une commande. Rien à décider.',
      question_closed: () => 'La question est classée.',
      awaiting_validation: () => 'Les deux préparent la commande. Rien à décider.',
      handed: () => 'Les deux préparent la commande. Rien à décider.',
      in_progress: () => 'Le vendeur travaille. Rien à décider.',
      late: () => 'La livraison est en retard. Rien à décider.',
      delivered: () => 'L’acheteur vérifie la livraison. Rien à décider.',
      revision_requested: () => 'Une retouche est demandée. Rien à décider pour l’instant.',
      revision_refused: () => 'Une retouche est refusée. Rien à décider pour l’instant.',
      cancel_requested: () => 'Une annulation est demandée. Rien à décider pour l’instant.',
      frozen: () => 'Lisez les deux côtés, questionnez, puis décidez de ce que devient l’argent.',
      expired: () => 'La commande a expiré.',
      closed: () => 'La commande est terminée.',
      cancelled: () => 'La commande est annulée.',
    },
  },
  action: {
    'question.close': 'Classer cette question',
    'brief.hand_over': 'Tout est transmis',
    'order.start': 'Démarrer la commande',
    'order.cancel': 'Annuler la commande',
    'order.decline': 'Refuser la commande',
    'order.deliver': 'Livrer le travail',
    'order.close': 'Accepter la livraison',
    'revision.request': 'Demander une retouche',
    'revision.accept': 'Faire la retouche',
    'revision.refuse': 'Refuser la retouche',
    'cancel.request': 'Demander l’annulation',
    'cancel.withdraw': 'Poursuivre la commande',
    'cancel.accept': 'Accepter d’annuler',
    'cancel.refuse': 'Refuser d’annuler',
    'order.give_up': 'Renoncer à la commande',
    'dispute.open': 'Demander un médiateur',
    'dispute.refund': 'Rembourser l’acheteur',
    'dispute.split': 'Partager l’argent',
    'dispute.pay': 'Payer le vendeur',
    'dispute.resume': 'Laisser la commande continuer',
  },
  confirm: {
    'question.close': {
      title: 'Classer cette question ?',
      body: (other) => `La conversation avec ${other} se ferme ; vous pourrez la relire. Rien n’a été payé, rien n’est dû.`,
      yes: 'Classer',
      note: 'Un dernier mot',
    },
    'brief.hand_over': {
      title: 'Tout est transmis ?',
      body: (other, amount) =>
        `Nous indiquons à ${other} qu’il ne manque rien. Vos ${amount} restent sous séquestre ; vous pourrez encore compléter ou annuler.`,
      yes: 'Oui, tout y est',
      note: 'Un mot pour accompagner',
    },
    'order.start': {
      title: 'Démarrer la commande ?',
      body: (other, amount) =>
        `Vous confirmez avoir tout ce qu’il vous faut. ${amount} restent sous séquestre jusqu’à ce ${que(other)} accepte votre travail, et le délai de livraison commence maintenant.`,
      yes: 'Démarrer',
      note: '',
    },
    'order.cancel': {
      title: 'Annuler cette commande ?',
      body: (other, amount) =>
        `Vos ${amount} vous sont rendus en totalité et immédiatement, sur le moyen de paiement utilisé. ${other} en est informé. C’est définitif.`,
      yes: 'Annuler et être remboursé',
      note: 'Pourquoi ? Lisible par vous deux.',
    },
    'order.decline': {
      title: 'Refuser cette commande ?',
      body: (other, amount) =>
        `${other} récupère immédiatement la totalité des ${amount}, et vous ne percevez rien pour cette commande. C’est définitif.`,
      yes: 'Refuser et rembourser',
      note: 'Un mot pour l’acheteur',
    },
    'order.deliver': {
      title: 'Livrer le travail ?',
      body: (other, amount) =>
        `${other} pourra le vérifier. Les ${amount} sont à vous dès son accord, ou d’office à la fin du délai de vérification. D’ici là, la conversation est en pause.`,
      yes: 'Livrer',
      note: 'Ce que vous livrez et où le trouver',
    },
    'order.close': {
      title: 'Accepter la livraison ?',
      body: (other, amount) =>
        `La commande est terminée et ${amount} sont versés à ${other}. C’est définitif.`,
      yes: 'Accepter et payer',
      note: '',
    },
    'revision.request': {
      title: 'Demander une retouche ?',
      body: (other, amount) => `${other} dira si les changements sont faits. D’ici là, vos ${amount} restent sous séquestre.`,
      yes: 'La demander',
      note: 'Que faut-il changer ?',
    },
    'revision.accept': {
      title: 'Faire la retouche ?',
      body: (other, amount) =>
        `Un nouveau délai de livraison commence maintenant. Les ${amount} restent sous séquestre jusqu’à ce ${que(other)} accepte votre travail.`,
      yes: 'La faire',
      note: '',
    },
    'revision.refuse': {
      title: 'Refuser la retouche ?',
      body: (other, amount) =>
        `${other} pourra accepter la livraison telle quelle, ou demander à un médiateur de trancher. Les ${amount} restent sous séquestre d’ici là.`,
      yes: 'La refuser',
      note: 'Pourquoi ?',
    },
    'cancel.request': {
      title: 'Demander l’annulation ?',
      body: (other, amount) =>
        `Si ${other} accepte, la totalité de vos ${amount} vous est rendue. Jusqu’à la réponse, ils restent sous séquestre.`,
      yes: 'Demander l’annulation',
      note: 'Pourquoi ?',
    },
    'cancel.withdraw': {
      title: 'Poursuivre la commande ?',
      body: (other, amount) =>
        `Vous retirez votre demande et ${other} continue. Vos ${amount} restent sous séquestre.`,
      yes: 'Poursuivre',
      note: '',
    },
    'cancel.accept': {
      title: 'Accepter d’annuler ?',
      body: (other, amount) =>
        `${other} récupère immédiatement la totalité des ${amount}, et vous ne percevez rien pour cette commande. C’est définitif.`,
      yes: 'Annuler et rembourser',
      note: '',
    },
    'cancel.refuse': {
      title: 'Refuser d’annuler ?',
      body: (other, amount) =>
        `La commande continue et les ${amount} restent sous séquestre. ${other} pourra demander un médiateur ; un second refus en appelle un d’office.`,
      yes: 'Poursuivre la commande',
      note: 'Pourquoi ?',
    },
    'order.give_up': {
      title: 'Renoncer à cette commande ?',
      body: (other, amount) =>
        `${other} récupère immédiatement la totalité des ${amount}, et vous ne percevez rien pour cette commande. C’est définitif.`,
      yes: 'Renoncer et rembourser',
      note: 'Pourquoi ?',
    },
    'dispute.open': {
      title: 'Demander un médiateur ?',
      body: (other, amount) =>
        `La commande est suspendue et les ${amount} restent sous séquestre jusqu’à la décision. ${other} en est informé. La conversation reprend dès l’arrivée du médiateur.`,
      yes: 'Demander un médiateur',
      note: 'De quoi s’agit-il ?',
    },
    'dispute.refund': {
      title: 'Rembourser l’acheteur ?',
      body: (_other, amount) => `La totalité des ${amount} revient à l’acheteur. C’est définitif.`,
      yes: 'Décider',
      note: 'Vos raisons, pour les deux',
    },
    'dispute.split': {
      title: 'Partager l’argent ?',
      body: (_other, amount) =>
        `Une partie des ${amount} revient à l’acheteur, le reste au vendeur. C’est définitif.`,
      yes: 'Décider',
      note: 'Vos raisons, pour les deux',
    },
    'dispute.pay': {
      title: 'Payer le vendeur ?',
      body: (_other, amount) => `La totalité des ${amount} est versée au vendeur. C’est définitif.`,
      yes: 'Décider',
      note: 'Vos raisons, pour les deux',
    },
    'dispute.resume': {
      title: 'Laisser la commande continuer ?',
      body: (_other, amount) => `Les ${amount} restent sous séquestre et le compteur repart.`,
      yes: 'Décider',
      note: 'Vos raisons, pour les deux',
    },
  },
  brief: {
    heading: 'Ce qu’il faut pour commencer',
    progress: (ready, wanted) => `${ready} sur ${wanted}`,
    state: { open: 'Encore attendu', given: 'Transmis', accepted: 'Accepté', not_needed: 'Pas nécessaire' },
    never: 'Pas transmis',
    move: { give: 'Transmettre', accept: 'C’est bon', drop: 'Pas nécessaire', reopen: 'Redemander' },
    giveMore: 'Compléter',
    ask: {
      give: 'Écrivez-le ici, ou dites où le trouver',
      reopen: 'Que manque-t-il ?',
      add: 'De quoi d’autre avez-vous besoin ?',
      accept: '',
      drop: '',
    },
    add: 'Demander autre chose',
    send: 'Envoyer',
  },
  files: {
    attach: 'Joindre un fichier',
    open: (name) => `Ouvrir ${name}`,
    save: (name) => `Enregistrer ${name}`,
    percent: (n) => `${n} %`,
    waiting: 'En attente',
    drop: (name) => `Ne pas envoyer ${name}`,
    empty: 'Ce fichier est vide.',
    tooLarge: (most) => `Ce fichier est trop lourd : ${most} au plus.`,
    lost: 'La connexion a été perdue. Vous pouvez réessayer sans risque.',
  },
  proposal: {
    heading: 'S’arranger',
    time: 'Proposer plus de temps',
    refund: 'Proposer un remboursement partiel',
    timeTitle: 'Combien de temps en plus ?',
    timeBody: (other) => `Si ${other} accepte, le compteur se déplace aussitôt pour vous deux.`,
    refundTitle: 'Combien rendre ?',
    refundBody: (other, held) =>
      `Si ${other} accepte, cette part des ${held} sous séquestre revient aussitôt à l’acheteur. Le reste demeure sous séquestre.`,
    amount: 'Montant',
    note: 'Un mot pour accompagner',
    yes: 'Proposer',
    mine: (what, other) => `Vous proposez ${what}. Réponse attendue ${de(other)}.`,
    theirs: (other, what) => `${other} propose ${what}.`,
    whatTime: (length) => `${length} de plus`,
    option: { buyer: 'Demander une option', seller: 'Proposer une option', mediator: '' },
    optionTitle: 'Que faut-il de plus ?',
    optionBody: (other) => `Si ${other} est d’accord, l’acheteur est débité ; l’option compte dès que le paiement est confirmé.`,
    optionName: 'Option',
    optionDays: 'Jours de livraison en plus',
    whatOption: (title, amount, days) =>
      `« ${title} » pour ${amount}${days > 0 ? `, avec ${days === 1 ? 'un jour' : `${days} jours`} de plus pour livrer` : ''}`,
    optionAccepted: (what) => `C’est d’accord : ${what}. Le paiement est en route.`,
    optionUnpaid: (what) => `C’est d’accord : ${what}. Le paiement n’a pas encore abouti.`,
    whatRefund: (amount) => `de rendre ${amount} à l’acheteur`,
    accept: 'Accepter',
    decline: 'Refuser',
    withdraw: 'Retirer',
  },
  entry: {
    order_paid: (me, name, title, amount) =>
      me ? `Vous avez commandé « ${title} » pour ${amount}` : `${name} a commandé « ${title} » pour ${amount}`,
    brief_handed_over: (me, name) =>
      me ? 'Vous avez indiqué que tout est transmis' : `${name} indique que tout est transmis`,
    order_started: (me, name, when) =>
      `${me ? 'Vous avez' : `${name} a`} démarré la commande. Livraison pour le ${when}`,
    missing: (what) => `Il manquait encore : ${what}`,
    item_added: (me, name, what) => `${me ? 'Vous demandez' : `${name} demande`} : ${what}`,
    item_given: (me, name, what) => `${me ? 'Vous avez' : `${name} a`} transmis : ${what}`,
    item_accepted: (me, name, what) => `${me ? 'Vous avez' : `${name} a`} ce qu’il faut : ${what}`,
    item_dropped: (me, name, what) => `Pas nécessaire selon ${me ? 'vous' : name} : ${what}`,
    item_reopened: (me, name, what) => `${me ? 'Vous redemandez' : `${name} redemande`} : ${what}`,
    file_shared: (me, name, file) => `${me ? 'Vous avez' : `${name} a`} partagé ${file}`,
    voice_shared: (me, name, note) => `${me ? 'Vous' : name} : ${note}`,
    order_late: () => 'La date de livraison est passée',
    order_delivered: (me, name) => `${me ? 'Vous avez' : `${name} a`} livré le travail`,
    order_closed: (me, name, byClock) =>
      byClock
        ? 'Le délai de vérification est écoulé : la commande est terminée'
        : `${me ? 'Vous avez' : `${name} a`} accepté la livraison : la commande est terminée`,
    order_cancelled: {
      buyer_cancelled: (me, name) => `${me ? 'Vous avez' : `${name} a`} annulé la commande`,
      seller_declined: (me, name) => `${me ? 'Vous avez' : `${name} a`} refusé la commande`,
      brief_window_over: () => 'Le délai de validation est écoulé : la commande est annulée',
      late: (me, name) => `${me ? 'Vous avez' : `${name} a`} annulé la commande en retard`,
      agreed: () => 'Vous avez convenu d’annuler la commande',
      seller_gave_up: (me, name) => `${me ? 'Vous avez' : `${name} a`} renoncé à la commande`,
      decided: () => 'Décision du médiateur : la commande est annulée',
    },
    revision_requested: (me, name) => `${me ? 'Vous avez' : `${name} a`} demandé une retouche`,
    revision_accepted: (me, name, when) =>
      `${me ? 'Vous faites' : `${name} fait`} la retouche. Nouvelle date de livraison : ${when}`,
    revision_refused: (me, name) => `${me ? 'Vous avez' : `${name} a`} refusé la retouche`,
    cancel_requested: (me, name) => `${me ? 'Vous avez' : `${name} a`} demandé l’annulation`,
    cancel_withdrawn: (me, name) => `${me ? 'Vous poursuivez' : `${name} poursuit`} la commande`,
    cancel_refused: (me, name) => `${me ? 'Vous avez' : `${name} a`} refusé d’annuler`,
    right_opened: () => 'L’acheteur peut maintenant demander un médiateur',
    dispute_opened: (me, name, byRule) =>
      byRule ? 'Second refus : un médiateur va trancher' : `${me ? 'Vous avez' : `${name} a`} demandé un médiateur`,
    order_frozen: () => 'La place de marché a suspendu la commande pour vérification',
    mediator_joined: (me, name) =>
      me ? 'Vous voici dans la commande, comme médiateur' : `${name} vous rejoint comme médiateur. Vous pouvez de nouveau écrire, à trois`,
    dispute_decided: {
      refund: () => 'Décision du médiateur : l’acheteur est remboursé',
      split: (amount) => `Décision du médiateur : ${amount} reviennent à l’acheteur, le reste au vendeur`,
      pay: () => 'Décision du médiateur : le vendeur est payé',
      resume: () => 'Décision du médiateur : la commande continue',
    },
    order_expired: () => 'La commande a atteint sa durée de vie maximale et a expiré',
    money_expired: (amount) => `${amount} ont quitté le séquestre vers la place de marché`,
    deadline_paused: (left) => `Le compteur est à l’arrêt, il restait ${left}`,
    deadline_moved: (when) => `C’est convenu : le compteur va maintenant jusqu’au ${when}`,
    time_given_back: (length, when) =>
      `Le service était en panne : ${length} rendus, le compteur va maintenant jusqu’au ${when}`,
    time_proposed: (me, name, length) => `${me ? 'Vous proposez' : `${name} propose`} ${length} de plus`,
    refund_proposed: (me, name, amount) =>
      `${me ? 'Vous proposez' : `${name} propose`} de rendre ${amount} à l’acheteur`,
    proposal_accepted: (me, name) => `${me ? 'Vous avez' : `${name} a`} accepté la proposition`,
    proposal_declined: (me, name) => `${me ? 'Vous avez' : `${name} a`} refusé la proposition`,
    proposal_withdrawn: (me, name) => `${me ? 'Vous avez' : `${name} a`} retiré la proposition`,
    proposal_lapsed: () => 'La proposition tombe : la commande a avancé',
    money_held: (amount) => `${amount} placés sous séquestre`,
    money_refunded: (amount) => `Remboursement de ${amount} à l’acheteur ordonné`,
    money_released: (amount) => `Versement de ${amount} au vendeur ordonné`,
    money_confirmed: (amount) => `Le service de paiement confirme : ${amount} sont partis`,
    money_refused: (amount) =>
      `Le service de paiement n’a pas encore pu déplacer ${amount}. Nous nous en occupons ; rien n’est perdu`,
    deadline_set: {
      brief_window: (when) => `Délai de validation : jusqu’au ${when}`,
      delivery: (when) => `Date de livraison : ${when}`,
      review: (when) => `Délai de vérification : jusqu’au ${when}`,
      revision_answer: (when) => `Réponse sur la retouche : jusqu’au ${when}`,
      revision_choice: (when) => `Choix après le refus : jusqu’au ${when}`,
      cancel_answer: (when) => `Réponse sur l’annulation : jusqu’au ${when}`,
      order_life: (when) => `Durée de vie maximale : jusqu’au ${when}`,
      chat_tail: (when) => `La conversation reste ouverte jusqu’au ${when}`,
      ring: (when) => `Sonne jusqu’au ${when}`,
    },
    deadline_near: (left, purpose) => `Rappel : encore ${left} ${purpose}`,
    deadline_fired: (timer) => `Délai écoulé : ${timer}`,
    call_rang: (me, name) => `${me ? 'Vous avez' : `${name} a`} appelé`,
    call_answered: (me, name) => `${me ? 'Vous avez' : `${name} a`} répondu`,
    call_lasted: (length) => `Appel, ${length}`,
    call_missed: (me, name) => (me ? 'Votre appel est resté sans réponse' : `Appel manqué ${de(name)}`),
    call_busy: (name) => `${name} était déjà en communication`,
    call_requested: (me, name) => (me ? 'Vous avez demandé à être appelé' : `${name} vous demande d’appeler`),
    call_times_proposed: (me, name, times) => `${me ? 'Vous proposez' : `${name} propose`} de se parler : ${times.join(' · ')}`,
    call_agreed: (when) => `Votre appel a lieu ${when}`,
    point_noted: (me, name) => `${me ? 'Vous avez' : `${name} a`} noté ce qui a été convenu pendant l’appel`,
    point_dropped: (me, name) => `${me ? 'Vous n’avez' : `${name} n’a`} pas retenu ce point`,
    brief_item_agreed: (me, name, point) => `${me ? 'Vous avez' : `${name} a`} confirmé : ${point}`,
    notice_sent: (toMe, name, about) =>
      `${toMe ? 'Nous vous avons' : 'Nous avons'} écrit${toMe ? '' : ` à ${name}`} : ${notices[about] ?? 'à propos de la commande'}`,
    notices_sent: (n) => `${n} e-mails envoyés`,
    notice_bounced: (toMe, name, about) =>
      `Un e-mail ${toMe ? 'pour vous' : `pour ${name}`} n’a pas pu être remis : ${notices[about] ?? 'à propos de la commande'}`,
    question_asked: (me, name, title) => `${me ? 'Vous avez' : `${name} a`} une question sur « ${title} »`,
    question_closed: (me, name) => `${me ? 'Vous avez' : `${name} a`} classé la question`,
    option_proposed: (me, name, what) => `${me ? 'Vous proposez' : `${name} propose`} ${what}`,
    option_ordered: (amount) => `Paiement de ${amount} demandé pour l’option`,
    option_added: (title, amount) => `« ${title} » fait désormais partie de la commande, ${amount} payés`,
    option_unpaid: () => 'Le paiement de l’option n’a pas abouti',
    seller_nudged: (me, name) => (me ? 'Vous avez relancé le vendeur' : `${name} attend des nouvelles`),
    erased: '(effacé)',
    entry_redacted: () => 'Un message a été retiré',
    redacted: 'Retiré',
    unknown: 'Un événement que cette version ne sait pas afficher. Rechargez la page pour le voir.',
  },
};
